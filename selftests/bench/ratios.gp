# SPDX-License-Identifier: GPL-2.0-only
# ratios.dat: label, median, quartiles, group. A bar a workload; the line at 1 is native.
set terminal svg size 900, 90 + 26 * rows font "sans-serif,13" background "white"
set output "ratios.svg"
set title "KMCL / native throughput (bar: median of the rounds, whisker: quartiles)" font ",15"
set logscale x 2
set xrange [0.0625:*]
set yrange [-0.7:rows - 0.3]
set format x "%gx"
set grid x lc rgb "#dddddd" lt 1
set border 1
set tics nomirror scale 0.5
set style fill solid 0.9 noborder
set arrow 1 from 1, graph 0 to 1, graph 1 nohead lc rgb "#444444" lw 2 front
set lmargin 30
unset key
colour(group) = group == 1 ? 0x4477aa : group == 2 ? 0x228833 : group == 3 ? 0xccbb44 : 0xee6677
low(x) = x < 1 ? x : 1
high(x) = x < 1 ? 1 : x
plot "ratios.dat" using ($2):0:(low($2)):(high($2)):($0 - 0.36):($0 + 0.36):(colour($5)):ytic(1) \
	with boxxyerror lc rgb variable, \
     "" using 2:0:3:4 with xerrorbars lc rgb "#222222" pt 0 lw 1.5, \
     "" using 4:0:(sprintf(" %.2f", $2)) with labels left offset 0.5, 0 font ",12"
