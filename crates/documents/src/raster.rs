//! A sheet as black and white dots, for printers that know no Chinese.

use skrifa::MetadataProvider;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use zeno::{Command, Fill, Mask, Origin, Transform, Vector};

use crate::fonts::Faces;
use crate::sheet::{Item, Sheet};
use crate::typeset::Line;

/// A picture of one bit a dot, rows from the top, the leftmost dot highest in its byte; 1 is black.
pub(crate) struct Bitmap {
    /// Bytes in a row.
    pub(crate) stride: usize,
    pub(crate) rows: usize,
    pub(crate) bits: Vec<u8>,
}

impl Bitmap {
    fn new(width: usize, rows: usize) -> Self {
        let stride = width.div_ceil(8);
        Self { stride, rows, bits: vec![0; stride * rows] }
    }

    fn set(&mut self, x: i32, y: i32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < self.stride * 8
            && y < self.rows
            && let Some(byte) = self.bits.get_mut(y * self.stride + x / 8)
        {
            *byte |= 0x80 >> (x % 8);
        }
    }
}

/// Draws a sheet from `left` on, `width` dots wide, at so many dots a point.
pub(crate) fn draw(sheet: &Sheet, faces: &Faces, left: f32, width: usize, dots: f32) -> Bitmap {
    let rows = whole(sheet.height * dots).max(0);
    let mut bitmap = Bitmap::new(width, usize::try_from(rows).unwrap_or(0));
    for item in &sheet.items {
        match item {
            Item::Text { x, baseline, line, .. } => draw_text(&mut bitmap, faces, (x - left) * dots, baseline * dots, dots, line),
            Item::Fill { x, y, width, height, .. } => {
                let (from, to) = (whole((x - left) * dots), whole((x + width - left) * dots));
                let (top, bottom) = (whole(y * dots), whole((y + height) * dots));
                for row in top..bottom.max(top + 1) {
                    for column in from..to {
                        bitmap.set(column, row);
                    }
                }
            }
        }
    }
    bitmap
}

/// The nearest dot.
#[allow(clippy::cast_possible_truncation, reason = "a float cast saturates, and no paper is two thousand million dots long")]
fn whole(distance: f32) -> i32 {
    distance.round() as i32
}

fn draw_text(bitmap: &mut Bitmap, faces: &Faces, x: f32, baseline: f32, dots: f32, line: &Line) {
    let mut x = x;
    let size = line.size * dots;
    for run in &line.runs {
        let Some(face) = faces.face(run.face) else { continue };
        let Some(font) = face.font() else { continue };
        let outlines = font.outline_glyphs();
        for glyph in &run.glyphs {
            let mut path = Path::default();
            if let Some(outline) = outlines.get((*glyph).into())
                && outline.draw(DrawSettings::unhinted(Size::new(size), LocationRef::default()), &mut path).is_ok()
            {
                stamp(bitmap, &path.0, x, baseline);
            }
            x += face.advance(*glyph) * size / 1000.0;
        }
    }
}

/// Blackens the dots that a path covers by half.
fn stamp(bitmap: &mut Bitmap, path: &[Command], x: f32, y: f32) {
    if path.is_empty() {
        return;
    }
    let place = Transform::translation(x, y);
    let (coverage, area) = Mask::new(path).style(Fill::NonZero).transform(Some(place)).origin(Origin::TopLeft).render();
    let columns = usize::try_from(area.width).unwrap_or(0).max(1);
    for (row, line) in (area.top..).zip(coverage.chunks(columns)) {
        for (column, alpha) in (area.left..).zip(line) {
            if *alpha >= 0x70 {
                bitmap.set(column, row);
            }
        }
    }
}

/// An outline with y downwards.
#[derive(Default)]
struct Path(Vec<Command>);

impl OutlinePen for Path {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.push(Command::MoveTo(Vector::new(x, -y)));
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.0.push(Command::LineTo(Vector::new(x, -y)));
    }
    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.push(Command::QuadTo(Vector::new(cx, -cy), Vector::new(x, -y)));
    }
    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.0.push(Command::CurveTo(Vector::new(ax, -ay), Vector::new(bx, -by), Vector::new(x, -y)));
    }
    fn close(&mut self) {
        self.0.push(Command::Close);
    }
}
