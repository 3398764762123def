//! Sheets written as a PDF with subset fonts and text that can be copied.

use std::collections::BTreeMap;

use printpdf::{
    Color, FontId, Mm, Op, PaintMode, ParsedFont, PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, Point, Pt, Rect, Rgb, TextItem,
    WindingOrder,
};

use crate::DocumentError;
use crate::fonts::{FaceNumber, Faces};
use crate::sheet::{Ink, Item, MM, Sheet};
use crate::typeset::Line;

/// The PDF of these pages.
pub(crate) fn write(sheets: &[Sheet], title: &str, faces: &Faces) -> Result<Vec<u8>, DocumentError> {
    let mut document = PdfDocument::new(title);
    for (face, font) in used_fonts(sheets, faces)? {
        document.resources.fonts.map.insert(font_id(face), PdfFont::new(font));
    }
    let pages = sheets.iter().map(page).collect();
    document.with_pages(pages);
    let mut warnings = Vec::new();
    let bytes = document.save(&PdfSaveOptions::default(), &mut warnings);
    Ok(bytes)
}

/// Six capitals: what a PDF puts before the name of a subset font.
fn font_id(face: FaceNumber) -> FontId {
    FontId(format!("KONTO{}", char::from(b'A' + u8::try_from(face % 26).unwrap_or(0))))
}

fn used_fonts(sheets: &[Sheet], faces: &Faces) -> Result<BTreeMap<FaceNumber, ParsedFont>, DocumentError> {
    let mut fonts = BTreeMap::new();
    for item in sheets.iter().flat_map(|sheet| &sheet.items) {
        let Item::Text { line, .. } = item else { continue };
        for run in &line.runs {
            if fonts.contains_key(&run.face) {
                continue;
            }
            let problem = |reason: &str| DocumentError::BadFont(format!("face {}", run.face), reason.to_owned());
            let face = faces.face(run.face).ok_or_else(|| problem("it is gone"))?;
            let index = usize::try_from(face.index).map_err(|_| problem("its number is too large"))?;
            let font = ParsedFont::from_bytes(&face.bytes, index, &mut Vec::new()).ok_or_else(|| problem("it cannot be read"))?;
            fonts.insert(run.face, font);
        }
    }
    Ok(fonts)
}

fn page(sheet: &Sheet) -> PdfPage {
    let mut ops = Vec::new();
    let mut ink_before = None;
    for item in &sheet.items {
        let (Item::Text { ink, .. } | Item::Fill { ink, .. }) = item;
        if ink_before != Some(*ink) {
            ops.push(Op::SetFillColor { col: colour(*ink) });
            ink_before = Some(*ink);
        }
        match item {
            Item::Text { x, baseline, line, .. } => text(&mut ops, *x, sheet.height - baseline, line),
            Item::Fill { x, y, width, height, .. } => ops.push(fill(*x, sheet.height - y - height, *width, *height)),
        }
    }
    PdfPage::new(Mm(sheet.width / MM), Mm(sheet.height / MM), ops)
}

const fn colour(ink: Ink) -> Color {
    let level = match ink {
        Ink::Black => 0.0,
        Ink::Grey => 0.35,
        Ink::Light => 0.78,
    };
    Color::Rgb(Rgb { r: level, g: level, b: level, icc_profile: None })
}

fn text(ops: &mut Vec<Op>, x: f32, y: f32, line: &Line) {
    let mut x = x;
    for run in &line.runs {
        ops.push(Op::StartTextSection);
        ops.push(Op::SetTextCursor { pos: Point { x: Pt(x), y: Pt(y) } });
        ops.push(Op::SetFont { font: PdfFontHandle::External(font_id(run.face)), size: Pt(line.size) });
        ops.push(Op::ShowText { items: vec![TextItem::Text(run.text.clone())] });
        ops.push(Op::EndTextSection);
        x += run.width;
    }
}

fn fill(x: f32, y: f32, width: f32, height: f32) -> Op {
    let rectangle =
        Rect { x: Pt(x), y: Pt(y), width: Pt(width), height: Pt(height), mode: Some(PaintMode::Fill), winding_order: Some(WindingOrder::NonZero) };
    Op::DrawRectangle { rectangle }
}
