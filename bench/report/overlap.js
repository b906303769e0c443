// Looks at a laid out page for text that lies on other text, sticks out of the page or out of its drawing.
// Runs in the page that check.py makes: each of `widths` gets a frame with the whole page in it, its details open.
function boxes(page) {
  const found = [];
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim()) continue;
    const range = page.createRange();
    range.selectNodeContents(node);
    const drawing = node.parentElement.closest('svg');
    for (const {left, right, top, bottom} of range.getClientRects())
      if (right > left && bottom > top)
        found.push({text: node.data.trim().slice(0, 40), left, right, top, bottom, node, drawing});
  }
  return found.sort((a, b) => a.top - b.top);
}

function findings(page, width) {
  const slack = 2, found = [], all = boxes(page);
  for (let i = 0; i < all.length; ++i) {
    const a = all[i];
    if (a.left < 0 || a.right > width) found.push(`"${a.text}" sticks out of the page`);
    if (a.drawing) {
      const frame = a.drawing.getBoundingClientRect();
      if (a.left < frame.left - slack || a.right > frame.right + slack ||
          a.top < frame.top - slack || a.bottom > frame.bottom + slack)
        found.push(`"${a.text}" sticks out of its drawing`);
    }
    for (let j = i + 1; j < all.length && all[j].top < a.bottom - slack; ++j) {
      const b = all[j];
      if (a.node !== b.node && Math.min(a.right, b.right) - Math.max(a.left, b.left) > slack &&
          Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > slack)
        found.push(`"${a.text}" and "${b.text}" overlap`);
    }
  }
  if (page.documentElement.scrollWidth > width) found.push(`the page is ${page.documentElement.scrollWidth} px wide`);
  return {width, texts: all.length, findings: found};
}

function look(html, widths) {
  const answers = [];
  for (const width of widths) {
    const frame = document.createElement('iframe');
    frame.style = `width:${width}px;height:800px;border:0`;
    frame.srcdoc = html;
    frame.onload = () => {
      const page = frame.contentDocument;
      for (const one of page.querySelectorAll('details')) one.open = true;
      answers.push(findings(page, width));
      if (answers.length === widths.length) document.getElementById('answers').textContent = JSON.stringify(answers);
    };
    document.body.append(frame);
  }
}
