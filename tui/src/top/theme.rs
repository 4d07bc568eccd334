//! The colour themes. Glyphs and words carry the meaning; colours are redundant.

use dfs_term::Glyphs;
use dfs_term::report::Tone;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// The number of colours that the terminal supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// None: `NO_COLOR`, or a terminal without colours.
    None,
    /// 256, by number.
    #[default]
    Indexed,
    /// Any (`COLORTERM=truecolor`).
    True,
}

/// The name of a theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeName {
    #[default]
    Dark,
    Light,
    Mono,
}

impl ThemeName {
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::Mono];

    pub fn word(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
        }
    }

    /// Returns the theme with this name.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.word() == word)
    }

    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Mono,
            Self::Mono => Self::Dark,
        }
    }
}

/// The colours and glyphs in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    pub name: ThemeName,
    pub depth: Depth,
    /// The characters that are drawn.
    pub glyphs: Glyphs,
}

/// The style of text whose background shows a value; plain without colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shading {
    /// Text in black or white, whichever has the higher contrast.
    pub text: Style,
    /// A block that fills a part of its cell or all of it: the block has the colour, the rest is
    /// darker.
    pub block: Style,
}

/// The Okabe–Ito colours (Okabe and Ito, Color Universal Design, 2002), which remain distinct with
/// colour vision deficiencies, in the two lightnesses for dark and light backgrounds.
const GREEN: [(u8, u8, u8); 2] = [(0, 158, 115), (0, 120, 87)];
const ORANGE: [(u8, u8, u8); 2] = [(230, 159, 0), (166, 108, 0)];
const VERMILION: [(u8, u8, u8); 2] = [(230, 97, 20), (186, 70, 0)];
const SKY: [(u8, u8, u8); 2] = [(86, 180, 233), (0, 96, 160)];
const GREY: [(u8, u8, u8); 2] = [(138, 138, 138), (110, 110, 110)];

/// Cividis (Nuñez, Anderton and Renslow, PLoS ONE 13(7), 2018) at nine even steps: uniform in
/// lightness, also with colour vision deficiencies.
const CIVIDIS: [(u8, u8, u8); 9] = [
    (0, 34, 78),
    (18, 53, 112),
    (59, 73, 108),
    (87, 93, 109),
    (112, 113, 115),
    (138, 134, 120),
    (165, 156, 116),
    (195, 179, 105),
    (254, 232, 56),
];

/// From blue over white to orange, for values below and above a mean.
const DIVERGING: [(u8, u8, u8); 5] = [(0, 114, 178), (120, 175, 215), (225, 225, 225), (236, 180, 110), (213, 94, 0)];

impl Theme {
    /// Returns the style of text with this tone.
    pub fn tone(&self, tone: Tone) -> Style {
        let style = Style::new();
        match tone {
            Tone::Plain => style,
            Tone::Good => self.coloured(style, GREEN),
            Tone::Warning => self.coloured(style, ORANGE).add_modifier(Modifier::BOLD),
            Tone::Bad => self.coloured(style, VERMILION).add_modifier(Modifier::BOLD),
            Tone::Dim => self.dim(),
            Tone::Strong => style.add_modifier(Modifier::BOLD),
            Tone::Directory => self.coloured(style, SKY).add_modifier(Modifier::BOLD),
            Tone::Command => self.coloured(style, SKY),
            Tone::Quoted => self.coloured(style, ORANGE),
            Tone::Missing => style.add_modifier(Modifier::UNDERLINED),
            Tone::Selected => self.selected(),
        }
    }

    /// Returns the style of less important or old content.
    pub fn dim(&self) -> Style {
        if self.is_mono() { Style::new().add_modifier(Modifier::DIM) } else { self.coloured(Style::new(), GREY) }
    }

    /// Returns the style of selected content.
    pub fn selected(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Returns the style of a header.
    pub fn head(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Returns the shading of a position on the ramp from 0 to 1.
    pub fn ramp(&self, part: f64) -> Shading {
        self.shading(between(&CIVIDIS, part))
    }

    /// Returns the shading of a position below (towards 0), at (0.5) or above (towards 1) the mean.
    pub fn diverging(&self, part: f64) -> Shading {
        self.shading(between(&DIVERGING, part))
    }

    fn shading(&self, colour: (u8, u8, u8)) -> Shading {
        if self.is_mono() {
            return Shading::default();
        }
        let (red, green, blue) = (u32::from(colour.0), u32::from(colour.1), u32::from(colour.2));
        let light = 299 * red + 587 * green + 114 * blue > 110 * 1000;
        let (black, white) = ((0, 0, 0), (255, 255, 255));
        let style = |ground, ink| Style::new().bg(self.colour(ground)).fg(self.colour(ink));
        Shading {
            text: style(colour, if light { black } else { white }),
            block: style(between(&[colour, black], 0.45), between(&[colour, white], 0.25)),
        }
    }

    /// Replaces the glyphs of a frame that the terminal cannot show, each by one of one cell, so
    /// that drawing code can ignore this.
    pub fn replace_glyphs(&self, frame: &mut Buffer) {
        for cell in &mut frame.content {
            if let Some(instead) = self.glyphs.cell(cell.symbol()) {
                cell.set_char(instead);
            }
        }
    }

    pub fn is_mono(&self) -> bool {
        self.name == ThemeName::Mono || self.depth == Depth::None
    }

    fn coloured(&self, style: Style, lightnesses: [(u8, u8, u8); 2]) -> Style {
        let [dark, light] = lightnesses;
        match self.name {
            _ if self.is_mono() => style,
            ThemeName::Light => style.fg(self.colour(light)),
            ThemeName::Dark | ThemeName::Mono => style.fg(self.colour(dark)),
        }
    }

    fn colour(&self, (red, green, blue): (u8, u8, u8)) -> Color {
        match self.depth {
            Depth::True => Color::Rgb(red, green, blue),
            Depth::Indexed => Color::Indexed(nearest(red, green, blue)),
            Depth::None => Color::Reset,
        }
    }
}

/// Returns the colour at a position between the first of `steps` (0) and the last (1).
fn between(steps: &[(u8, u8, u8)], part: f64) -> (u8, u8, u8) {
    let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
    let last = steps.len().saturating_sub(1);
    let place = part * last as f64;
    let below = (place.floor() as usize).min(last);
    let step = |at: usize| steps.get(at.min(last)).copied().unwrap_or_default();
    let ((r0, g0, b0), (r1, g1, b1)) = (step(below), step(below + 1));
    let share = place - below as f64;
    let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * share).round() as u8;
    (mix(r0, r1), mix(g0, g1), mix(b0, b1))
}

/// Returns the index of the nearest of the 6 × 6 × 6 colours and 24 greys of a terminal with 256
/// colours.
fn nearest(red: u8, green: u8, blue: u8) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let level = |value: u8| {
        let distance = |index: &usize| LEVELS.get(*index).map_or(u8::MAX, |level| level.abs_diff(value));
        (0..LEVELS.len()).min_by_key(distance).unwrap_or(0)
    };
    let (r, g, b) = (level(red), level(green), level(blue));
    let shade = |index: usize| LEVELS.get(index).copied().unwrap_or(0);
    let far = |(r, g, b): (u8, u8, u8)| {
        let square = |one: u8, other: u8| u32::from(one.abs_diff(other)).pow(2);
        square(r, red) + square(g, green) + square(b, blue)
    };
    let mean = (u32::from(red) + u32::from(green) + u32::from(blue)) / 3;
    let grey = (mean.saturating_sub(3) / 10).min(23) as u8;
    let grey_shade = 8 + 10 * grey;
    if far((grey_shade, grey_shade, grey_shade)) < far((shade(r), shade(g), shade(b))) {
        232 + grey
    } else {
        (16 + 36 * r + 6 * g + b) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_there_are_none() {
        for (name, depth) in [(ThemeName::Mono, Depth::True), (ThemeName::Dark, Depth::None)] {
            let theme = Theme { name, depth, ..Theme::default() };
            assert_eq!(theme.tone(Tone::Bad).fg, None);
            assert_eq!((theme.ramp(0.5), theme.diverging(0.5)), (Shading::default(), Shading::default()));
        }
    }

    #[test]
    fn ramps_run_from_end_to_end() {
        let theme = Theme { name: ThemeName::Dark, depth: Depth::True, ..Theme::default() };
        let (white, black) = (Color::Rgb(255, 255, 255), Color::Rgb(0, 0, 0));
        assert_eq!(theme.ramp(0.0).text, Style::new().bg(Color::Rgb(0, 34, 78)).fg(white));
        assert_eq!(theme.ramp(7.0).text, Style::new().bg(Color::Rgb(254, 232, 56)).fg(black));
        assert_eq!(theme.ramp(f64::NAN), theme.ramp(0.0));
        assert_eq!(theme.diverging(0.5).text, Style::new().bg(Color::Rgb(225, 225, 225)).fg(black));
        // A full block has the colour of the ramp, not that of text.
        assert_eq!(theme.ramp(1.0).block.fg, Some(Color::Rgb(254, 238, 106)));
    }

    #[test]
    fn indexed_colours_are_the_nearest() {
        assert_eq!(nearest(0, 0, 0), 16);
        assert_eq!(nearest(255, 255, 255), 231);
        assert_eq!(nearest(128, 128, 128), 244);
        assert_eq!(nearest(255, 95, 0), 202);
    }
}
