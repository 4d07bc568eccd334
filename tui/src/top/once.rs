//! Renders a frame as text, for tickets, scripts and tests.

use crate::top::draw::draw;
use crate::top::model::Model;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use ratatui::{Frame, Terminal};
use std::convert::Infallible;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Returns the dashboard as it looks in a window of this size.
pub fn frame(model: &Model, columns: u16, lines: u16) -> Buffer {
    let backend = TestBackend::new(columns, lines);
    let drawn = Terminal::new(backend).and_then(|mut terminal| {
        terminal.draw(|frame: &mut Frame<'_>| draw(model, frame))?;
        Ok(terminal.backend().buffer().clone())
    });
    let drawn: Result<Buffer, Infallible> = drawn;
    match drawn {
        Ok(buffer) => buffer,
        Err(never) => match never {},
    }
}

/// Returns the frame as plain text, without blanks at the end of lines.
pub fn plain(buffer: &Buffer) -> String {
    rows(buffer).map(|row| row.map(Cell::symbol).collect::<String>().trim_end().to_owned() + "\n").collect()
}

/// Returns the frame as text with colours (ECMA-48, SGR).
pub fn ansi(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in rows(buffer) {
        let mut last = String::new();
        for cell in row {
            let style = sgr(cell);
            if style != last {
                let _ = write!(text, "\x1b[0{style}m");
                last = style;
            }
            text.push_str(cell.symbol());
        }
        text.push_str("\x1b[0m\n");
    }
    text
}

/// Returns the visible cells of each line: a wide character covers the cells that follow it.
fn rows(buffer: &Buffer) -> impl Iterator<Item = impl Iterator<Item = &Cell>> {
    buffer.content.chunks(usize::from(buffer.area.width).max(1)).map(|row| {
        let mut hidden = 0;
        row.iter().filter(move |cell| {
            let shown = hidden == 0;
            hidden = if shown { cell.symbol().width().saturating_sub(1) } else { hidden - 1 };
            shown
        })
    })
}

fn sgr(cell: &Cell) -> String {
    let mut style = String::new();
    for (modifier, number) in
        [(Modifier::BOLD, 1), (Modifier::DIM, 2), (Modifier::UNDERLINED, 4), (Modifier::REVERSED, 7)]
    {
        if cell.modifier.contains(modifier) {
            let _ = write!(style, ";{number}");
        }
    }
    colour(&mut style, cell.fg, 38);
    colour(&mut style, cell.bg, 48);
    style
}

/// Appends the code of a colour. The themes use only indexed and true colours.
fn colour(style: &mut String, colour: Color, place: u8) {
    let _ = match colour {
        Color::Indexed(number) => write!(style, ";{place};5;{number}"),
        Color::Rgb(red, green, blue) => write!(style, ";{place};2;{red};{green};{blue}"),
        _ => Ok(()),
    };
}
