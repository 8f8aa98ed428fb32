//! Plots as SVG: lines over a logarithmic axis, readable on light and on dark pages.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 230.0;
const TOP: f64 = 52.0;
const BOTTOM: f64 = 58.0;

/// Colours that people who see few of them tell apart too (Okabe and Ito), light enough for dark pages.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9"];

/// No variables of CSS: some that draw SVG know none.
const STYLE: &str = ".page{fill:#fff}text{fill:#222;font:13px sans-serif}.title{font-size:16px;font-weight:600}\
    .grid{stroke:#ddd}.line{fill:none;stroke-width:2}.dashed{stroke-dasharray:6 4}\
    @media(prefers-color-scheme:dark){.page{fill:#161b22}text{fill:#e6e6e6}.grid{stroke:#444}}";

/// A plot.
#[derive(Clone, Debug)]
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// What runs along the horizontal axis, which is logarithmic.
    pub across: String,
    /// What runs along the vertical axis.
    pub up: String,
    /// The lines, in the order of the legend.
    pub lines: Vec<Line>,
}

/// One line of a plot.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Lines of one hue belong together.
    pub hue: usize,
    /// For what is compared with: a floor, a target.
    pub dashed: bool,
    /// Where it goes through, from left to right.
    pub points: Vec<(f64, f64)>,
}

impl Plot {
    /// The plot as SVG.
    pub fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let ends = points().fold((f64::MAX, 0.0_f64), |(least, most), (x, _)| (least.min(*x), most.max(*x)));
        let across = |x: f64| LEFT + (x / ends.0).ln() / (ends.1 / ends.0).ln() * (WIDTH - LEFT - RIGHT);
        let step = nice(points().fold(0.0_f64, |most, (_, y)| most.max(*y)) / 5.0);
        let top = step * 5.0;
        let up = |y: f64| HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\">\
            <style>{STYLE}</style><rect class=\"page\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\
            <text class=\"title\" x=\"{LEFT}\" y=\"24\">{0}</text>\n",
            self.title
        );
        for number in 0..=5 {
            let value = step * f64::from(number);
            let y = up(value);
            let (end, label) = (WIDTH - RIGHT, short(value));
            add(&mut svg, &format!("<path class=\"grid\" d=\"M{LEFT} {y:.1}H{end}\"/>"));
            text(&mut svg, LEFT - 8.0, y + 4.0, "end", &label);
        }
        let mut ticks: Vec<_> = points().map(|(x, _)| *x).collect();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        for x in ticks {
            text(&mut svg, across(x), HEIGHT - BOTTOM + 20.0, "middle", &short(x));
        }
        text(&mut svg, f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 14.0, "middle", &self.across);
        text(&mut svg, LEFT, TOP - 10.0, "start", &self.up);
        for (index, line) in self.lines.iter().enumerate() {
            let colour = COLOURS[line.hue % COLOURS.len()];
            let class = if line.dashed { "line dashed" } else { "line" };
            let path = line.points.iter().fold(String::new(), |path, (x, y)| {
                let to = if path.is_empty() { 'M' } else { 'L' };
                format!("{path}{to}{:.1} {:.1}", across(*x), up(*y))
            });
            add(&mut svg, &format!("<path class=\"{class}\" stroke=\"{colour}\" d=\"{path}\"/>"));
            for (x, y) in line.points.iter().filter(|_| !line.dashed) {
                let at = format!("cx=\"{:.1}\" cy=\"{:.1}\"", across(*x), up(*y));
                add(&mut svg, &format!("<circle {at} r=\"3\" fill=\"{colour}\"/>"));
            }
            #[allow(clippy::cast_precision_loss)] // a handful of lines
            let y = TOP + 8.0 + 20.0 * index as f64;
            let x = WIDTH - RIGHT + 16.0;
            add(&mut svg, &format!("<path class=\"{class}\" stroke=\"{colour}\" d=\"M{x} {y}h24\"/>"));
            text(&mut svg, x + 32.0, y + 4.0, "start", &line.name);
        }
        svg + "</svg>\n"
    }
}

/// The least of 1, 2, 2.5 and 5 times a power of ten that is not below it.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= value).unwrap_or(10.0 * power)
}

/// 2,500 as `2,500`, a power of ten from a thousand on as `10³`.
fn short(value: f64) -> String {
    if value < 1000.0 {
        return format!("{}", (value * 100.0).round() / 100.0);
    }
    let plain = format!("{value:.0}");
    if plain.trim_end_matches('0') == "1" {
        let powers = ["³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];
        return powers.get(plain.len() - 4).map_or(plain.clone(), |power| format!("10{power}"));
    }
    let (thousands, rest) = plain.split_at(plain.len() - 3);
    format!("{thousands},{rest}")
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    add(svg, &format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"));
}

fn add(svg: &mut String, element: &str) {
    writeln!(svg, "{element}").expect("a string takes anything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_short() {
        let written = [0.25, 2.5, 999.0, 1000.0, 2500.0, 1e7].map(short);
        assert_eq!(written, ["0.25", "2.5", "999", "10³", "2,500", "10⁷"]);
        let rounded = [0.3, 1.0, 1.2, 2.1, 3.0, 600.0].map(|value| short(nice(value)));
        assert_eq!(rounded, ["0.5", "1", "2", "2.5", "5", "10³"]);
    }

    #[test]
    fn a_line_goes_from_end_to_end_and_not_over_the_top() {
        let points = vec![(1000.0, 1.0), (10_000.0, 9.9)];
        let line = Line { name: "send".to_owned(), hue: 0, dashed: false, points };
        let [title, across, up] = ["cost", "codes", "ns"].map(str::to_owned);
        let svg = Plot { title, across, up, lines: vec![line] }.svg();
        assert!(svg.contains("d=\"M74.0 331.0L530.0 55.1\""), "{svg}");
        assert!(svg.contains(">send</text>") && !svg.contains("NaN"));
    }
}
