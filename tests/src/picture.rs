//! Renders a screen as an image (SVG), cell by cell.

use std::fmt::Write as _;
use vt100::{Cell, Color, Screen};

/// The size of a cell, in pixels.
const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 12.0;
/// The default colours.
const TEXT: &str = "#d4d7dc";
const GROUND: &str = "#12161c";

/// A run of equally styled cells in one line.
#[derive(Debug, PartialEq)]
struct Run {
    column: u16,
    cells: u16,
    text: String,
    look: Look,
}

#[derive(Debug, Clone, PartialEq)]
struct Look {
    text: String,
    ground: Option<String>,
    bold: bool,
    dim: bool,
    underlined: bool,
}

/// Renders the whole screen.
pub fn svg(screen: &Screen) -> String {
    let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
    let width = f64::from(columns) * CELL.0 + 2.0 * MARGIN;
    let height = f64::from(rows) * CELL.1 + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>\n"
    );
    for row in 0..rows {
        for run in runs(screen, row, columns) {
            draw(&mut svg, &run, row);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn runs(screen: &Screen, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else { continue };
        let cells = if cell.is_wide() { 2 } else { 1 };
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let look = look(cell);
        match runs.last_mut() {
            // Fonts without a character take it from another font with another width: such
            // characters are drawn separately.
            Some(last) if last.look == look && text.is_ascii() && last.text.is_ascii() => {
                last.text.push_str(text);
                last.cells += cells;
            }
            _ => runs.push(Run { column, cells, text: text.to_owned(), look }),
        }
    }
    runs
}

fn look(cell: &Cell) -> Look {
    let (mut text, mut ground) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
    if cell.inverse() {
        (text, ground) = (Some(ground.unwrap_or(GROUND.to_owned())), Some(text.unwrap_or(TEXT.to_owned())));
    }
    Look {
        text: text.unwrap_or(TEXT.to_owned()),
        ground,
        bold: cell.bold(),
        dim: cell.dim(),
        underlined: cell.underline(),
    }
}

fn draw(svg: &mut String, run: &Run, row: u16) {
    let (x, y) = (MARGIN + f64::from(run.column) * CELL.0, MARGIN + f64::from(row) * CELL.1);
    let width = f64::from(run.cells) * CELL.0;
    if let Some(ground) = &run.look.ground {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{ground}\"/>",
            CELL.1
        );
    }
    let text = run.text.trim_end();
    if text.is_empty() {
        return;
    }
    if let Some(block) = block(text) {
        // Drawn as rectangles: block characters of fonts leave gaps between lines.
        let (top, high) = (y + CELL.1 * (1.0 - block), CELL.1 * block);
        let fill = &run.look.text;
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{high:.1}\" fill=\"{fill}\"/>"
        );
        return;
    }
    let written = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let length =
        width - f64::from(run.cells) * CELL.0 * (1.0 - text.chars().count() as f64 / run.text.chars().count() as f64);
    let mut style = String::new();
    for (on, attribute) in [
        (run.look.bold, " font-weight=\"bold\""),
        (run.look.dim, " opacity=\"0.6\""),
        (run.look.underlined, " text-decoration=\"underline\""),
    ] {
        style.push_str(if on { attribute } else { "" });
    }
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{length:.1}\" fill=\"{}\"{style} xml:space=\"preserve\">{written}</text>",
        y + CELL.1 * 0.75,
        run.look.text
    );
}

/// Returns the height of a block character, in cells.
fn block(text: &str) -> Option<f64> {
    let mut letters = text.chars();
    let eighths = "▁▂▃▄▅▆▇█".chars().position(|block| Some(block) == letters.clone().next())?;
    letters.next();
    letters.next().is_none().then_some((eighths + 1) as f64 / 8.0)
}

fn colour(colour: Color) -> Option<String> {
    match colour {
        Color::Default => None,
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        Color::Idx(number) => Some(indexed(number)),
    }
}

/// Returns the colour of a number, as xterm defines it.
fn indexed(number: u8) -> String {
    const FIRST: [&str; 16] = [
        "#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5", "#7f7f7f", "#ff0000",
        "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff",
    ];
    if let Some(colour) = FIRST.get(usize::from(number)) {
        return (*colour).to_owned();
    }
    if number >= 232 {
        let grey = 8 + 10 * (number - 232);
        return format!("#{grey:02x}{grey:02x}{grey:02x}");
    }
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let cube = number - 16;
    format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_rendered_cell_by_cell() {
        let mut parser = vt100::Parser::new(
            std::num::NonZeroU16::new(2).expect("lines"),
            std::num::NonZeroU16::new(20).expect("cells"),
            0,
        );
        parser.process("\x1b[1;38;2;0;158;115mok\x1b[0m <b> \x1b[7mon\x1b[0m ▄漢".as_bytes());
        let svg = svg(parser.screen());
        assert!(svg.contains("fill=\"#009e73\" font-weight=\"bold\" xml:space=\"preserve\">ok</text>"), "{svg}");
        assert!(svg.contains("&lt;b&gt;") && svg.contains("height=\"9.0\"") && svg.contains(">漢</text>"), "{svg}");
        assert!(svg.contains(&format!("fill=\"{TEXT}\"/>")), "{svg}");
    }

    #[test]
    fn numbered_colours() {
        assert_eq!([indexed(1), indexed(16), indexed(231), indexed(244)], ["#cd0000", "#000000", "#ffffff", "#808080"]);
    }
}
