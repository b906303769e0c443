# One line for each series over places that have the same distance (message sizes): medians as points, whiskers from
# the least to the most of all rounds. The legend stands beside the plot, in the page.
#   gnuplot -c lines.gp DATA SVG SERIES MOST STEP PLACES "COLOUR …"
# DATA, tab separated, series two empty lines apart: place, median, least, most, label of the place
series = int(ARG3)
places = int(ARG6)

set terminal svg size 400,230 dynamic noenhanced font "sans-serif,12"
set encoding utf8
set output ARG2
set datafile separator "\t"
do for [i = 1:9] { set linetype i lc rgb sprintf("#%02x%02x%02x", i, i, i) }  # the page's colours, by number
array shape[4] = [7, 5, 9, 13]  # by colour: circle, square, triangle, rhombus, as in the page's legend

set lmargin at screen 0.11
set rmargin at screen 0.98
set tmargin at screen 0.96
set bmargin at screen 0.12
set border 0
unset key
set xrange [-0.3:places - 0.7]
set xtics scale 0
set yrange [0:real(ARG4)]
set ytics 0, real(ARG5) scale 0
set grid ytics lt 9 lw 1

plot ARG1 index 0 using 1:(-1):xtic(5) with points pt 0, \
     for [i = 1:series] ARG1 index i - 1 using ($1 + 0.04 * (i - (series + 1) / 2.0)):2:3:4 \
       with yerrorlines lt int(word(ARG7, i)) lw 1.5 pt shape[int(word(ARG7, i))] ps 0.7
