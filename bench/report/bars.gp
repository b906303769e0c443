# Horizontal bars, the first row on top: the median as a bar, a whisker from the least to the most of all rounds,
# the label on the left, the figure in words on the right. Nothing is written inside the plot, so nothing overlaps.
#   gnuplot -c bars.gp DATA SVG ROWS MOST STEP LEFT
# DATA, tab separated: place from the top, median, least, most, colour, label, words. LEFT: room for labels, of 400
rows = int(ARG3)
height = 24 * rows + 28

set terminal svg size 400,height dynamic noenhanced font "sans-serif,12"
set encoding utf8
set output ARG2
set datafile separator "\t"
do for [i = 1:9] { set linetype i lc rgb sprintf("#%02x%02x%02x", i, i, i) }  # the page's colours, by number

set lmargin at screen real(ARG6) / 400
set rmargin at screen 0.835
set tmargin at screen 1 - 2.0 / height
set bmargin at screen 25.0 / height
set border 0
unset key
set xrange [0:real(ARG4)]
set xtics 0, real(ARG5) scale 0
set yrange [rows - 0.5:-0.5]
set y2range [rows - 0.5:-0.5]
set ytics scale 0
set y2tics scale 0
set grid xtics lt 9 lw 1

plot ARG1 using 2:1:(0):2:($1 - 0.34):($1 + 0.34):5:ytic(6) with boxxyerror fs solid noborder lc variable, \
     ARG1 using 2:1:3:4 with xerrorbars pt 0 lw 1.5 lt 8, \
     ARG1 using (-1):1:y2tic(7) axes x1y2 with points pt 0
