//! A page as things at places. Distances are points from the top left corner.

use crate::typeset::Line;

/// Points in a millimetre.
pub(crate) const MM: f32 = 72.0 / 25.4;

/// How dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ink {
    #[default]
    Black,
    /// For what is read second: 4.5 : 1 on white or better.
    Grey,
    /// For hairlines between rows.
    Light,
}

/// Something drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// Text with its baseline.
    Text { x: f32, baseline: f32, line: Line, ink: Ink },
    /// A filled rectangle.
    Fill { x: f32, y: f32, width: f32, height: f32, ink: Ink },
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) items: Vec<Item>,
}

impl Sheet {
    /// Text that starts at x.
    pub(crate) fn text(&mut self, x: f32, baseline: f32, line: Line, ink: Ink) {
        self.items.push(Item::Text { x, baseline, line, ink });
    }

    /// Text that ends at x.
    pub(crate) fn text_right(&mut self, right: f32, baseline: f32, line: Line, ink: Ink) {
        self.text(right - line.width, baseline, line, ink);
    }

    /// Text around x.
    pub(crate) fn text_centre(&mut self, centre: f32, baseline: f32, line: Line, ink: Ink) {
        self.text(centre - line.width / 2.0, baseline, line, ink);
    }

    /// A filled rectangle.
    pub(crate) fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.items.push(Item::Fill { x, y, width, height, ink });
    }

    /// A horizontal line of dashes, whole ones at both ends.
    pub(crate) fn dashes(&mut self, x: f32, y: f32, width: f32) {
        const DASH: f32 = 2.2;
        let gaps = ((width - DASH) / (DASH * 1.7)).floor().max(1.0);
        let step = (width - DASH) / gaps;
        let mut place = 0.0;
        while place <= gaps {
            self.fill(x + place * step, y, DASH, 0.6, Ink::Black);
            place += 1.0;
        }
    }

    /// The bars of a barcode: `modules` says dark or light.
    pub(crate) fn bars(&mut self, x: f32, y: f32, module: f32, height: f32, modules: &[u8]) {
        let mut start = 0;
        while start < modules.len() {
            let dark = modules[start];
            let end = modules[start..].iter().position(|other| *other != dark).map_or(modules.len(), |length| start + length);
            if dark == 1 {
                // One rectangle for a bar: readers would see hairlines between its modules.
                let (from, to) = (as_points(start), as_points(end));
                self.fill(x + from * module, y, (to - from) * module, height, Ink::Black);
            }
            start = end;
        }
    }

    /// Texts as (baseline, left, right, words), for tests of the layout.
    #[cfg(test)]
    pub(crate) fn texts(&self) -> Vec<(f32, f32, f32, String)> {
        let text = |item: &Item| match item {
            Item::Text { x, baseline, line, .. } => Some((*baseline, *x, x + line.width, line.runs.iter().map(|run| run.text.as_str()).collect())),
            Item::Fill { .. } => None,
        };
        self.items.iter().filter_map(text).collect()
    }
}

/// A small count as a distance.
pub(crate) fn as_points(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}
