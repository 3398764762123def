//! Where fonts are and what is in them.
//!
//! Noto Sans CJK is what paper is designed with (SIL Open Font License: may be shipped and embedded). Others are taken
//! where it is missing, if their licence bits allow embedding a subset.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use kontor_translations::Locale;
use skrifa::instance::{LocationRef, Size};
use skrifa::raw::TableProvider;
use skrifa::{FontRef, MetadataProvider};

use crate::DocumentError;

/// Regular or bold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// One face of a font file in memory.
#[derive(Clone, Debug)]
pub(crate) struct Face {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) index: u32,
}

impl Face {
    fn read(path: &Path, index: u32) -> Result<Self, DocumentError> {
        Self::of(std::fs::read(path)?.into(), index).map_err(|reason| DocumentError::BadFont(path.display().to_string(), reason))
    }

    fn of(bytes: Arc<[u8]>, index: u32) -> Result<Self, String> {
        let face = Self { bytes, index };
        let font = face.font().ok_or("it is not an OpenType font")?;
        // Bit 1: embedding forbidden. Bit 8: no subsets. Whoever made the font decides.
        if font.os2().is_ok_and(|os2| os2.fs_type() & 0x0102 != 0) {
            return Err("its licence forbids embedding a subset".to_owned());
        }
        Ok(face)
    }

    /// The tables, read in place.
    pub(crate) fn font(&self) -> Option<FontRef<'_>> {
        FontRef::from_index(&self.bytes, self.index).ok()
    }

    /// The glyph of a character, if the face has one.
    pub(crate) fn glyph(&self, character: char) -> Option<u32> {
        let glyph = self.font()?.charmap().map(character)?;
        (glyph.to_u32() != 0).then(|| glyph.to_u32())
    }

    /// The width of a glyph in thousandths of its size.
    pub(crate) fn advance(&self, glyph: u32) -> f32 {
        let width = |font: FontRef<'_>| font.glyph_metrics(Size::new(1000.0), LocationRef::default()).advance_width(glyph.into());
        self.font().and_then(width).unwrap_or(1000.0)
    }
}

/// The faces that one document is written with.
#[derive(Debug)]
pub(crate) struct Faces {
    regular: Face,
    bold: Face,
    /// Asked in order for what the main face lacks; read when first asked.
    fallbacks: Vec<(PathBuf, OnceLock<Option<Face>>)>,
}

/// Which face of [`Faces`]: 0 regular, 1 bold, then the fallbacks.
pub(crate) type FaceNumber = usize;

impl Faces {
    /// The face of a number.
    pub(crate) fn face(&self, number: FaceNumber) -> Option<&Face> {
        match number {
            0 => Some(&self.regular),
            1 => Some(&self.bold),
            other => self.fallback(other - 2),
        }
    }

    /// The first face that has a character.
    pub(crate) fn find(&self, weight: Weight, character: char) -> Option<(FaceNumber, u32)> {
        let main = usize::from(weight == Weight::Bold);
        if let Some(glyph) = self.face(main).and_then(|face| face.glyph(character)) {
            return Some((main, glyph));
        }
        (0..self.fallbacks.len()).find_map(|place| Some((place + 2, self.fallback(place)?.glyph(character)?)))
    }

    fn fallback(&self, place: usize) -> Option<&Face> {
        let (path, slot) = self.fallbacks.get(place)?;
        slot.get_or_init(|| Face::read(path, 0).ok()).as_ref()
    }
}

/// The fonts of this computer. Faces are read at the first paper (about 40 MB for Noto Sans CJK, regular and bold) and
/// kept until [`Fonts::release`].
#[derive(Debug)]
pub struct Fonts {
    files: HashMap<String, PathBuf>,
    fixed: Option<Arc<Faces>>,
    open: Mutex<Option<(Locale, Arc<Faces>)>>,
}

/// Regular and bold of a family, best first: (file, face) for Traditional and for Simplified Chinese.
type Family = ([(&'static str, u32); 2], [(&'static str, u32); 2]);

const FAMILIES: &[Family] = &[
    // The collection of all languages: its faces are JP, KR, SC, TC, HK.
    ([("notosanscjk-regular.ttc", 3), ("notosanscjk-bold.ttc", 3)], [("notosanscjk-regular.ttc", 2), ("notosanscjk-bold.ttc", 2)]),
    ([("notosanstc-regular.otf", 0), ("notosanstc-bold.otf", 0)], [("notosanssc-regular.otf", 0), ("notosanssc-bold.otf", 0)]),
    ([("notosanstc-regular.ttf", 0), ("notosanstc-bold.ttf", 0)], [("notosanssc-regular.ttf", 0), ("notosanssc-bold.ttf", 0)]),
    ([("notosanscjktc-regular.otf", 0), ("notosanscjktc-bold.otf", 0)], [("notosanscjksc-regular.otf", 0), ("notosanscjksc-bold.otf", 0)]),
    ([("msjh.ttc", 0), ("msjhbd.ttc", 0)], [("msyh.ttc", 0), ("msyhbd.ttc", 0)]),
    ([("stheiti light.ttc", 0), ("stheiti medium.ttc", 0)], [("stheiti light.ttc", 1), ("stheiti medium.ttc", 1)]),
    ([("hiragino sans gb.ttc", 0), ("hiragino sans gb.ttc", 2)], [("hiragino sans gb.ttc", 0), ("hiragino sans gb.ttc", 2)]),
    ([("wqy-microhei.ttc", 0), ("wqy-microhei.ttc", 0)], [("wqy-microhei.ttc", 0), ("wqy-microhei.ttc", 0)]),
    ([("droidsansfallbackfull.ttf", 0), ("droidsansfallbackfull.ttf", 0)], [("droidsansfallbackfull.ttf", 0), ("droidsansfallbackfull.ttf", 0)]),
];

/// What has characters that Chinese fonts lack. Colour emoji fonts are pictures and of no use here.
const FALLBACKS: &[&str] = &[
    "dejavusans.ttf",
    "notoemoji-regular.ttf",
    "notosanssymbols2-regular.ttf",
    "notosanssymbols-regular.ttf",
    "symbola.ttf",
    "seguisym.ttf",
    "apple symbols.ttf",
    "arial unicode.ttf",
    "arial.ttf",
];

/// Where systems keep their fonts.
const SYSTEM_FOLDERS: &[&str] = &["/usr/share/fonts", "/usr/local/share/fonts", "C:\\Windows\\Fonts", "/System/Library/Fonts", "/Library/Fonts"];

/// Folders in folders: deep enough for every system, and a link to itself ends.
const DEPTH_LIMIT: usize = 5;

impl Fonts {
    /// Looks for font files in the program's own folders, then in the system's. Nothing is read yet.
    pub fn find(folders: &[PathBuf]) -> Self {
        let mut files = HashMap::new();
        for folder in folders.iter().map(PathBuf::as_path).chain(SYSTEM_FOLDERS.iter().map(Path::new)) {
            list_fonts(folder, DEPTH_LIMIT, &mut files);
        }
        Self { files, fixed: None, open: Mutex::new(None) }
    }

    /// Fonts that are at hand as bytes, with the face in each file.
    pub fn from_bytes(regular: (Vec<u8>, u32), bold: (Vec<u8>, u32)) -> Result<Self, DocumentError> {
        let face =
            |(bytes, index): (Vec<u8>, u32)| Face::of(bytes.into(), index).map_err(|reason| DocumentError::BadFont("(bytes)".to_owned(), reason));
        let faces = Faces { regular: face(regular)?, bold: face(bold)?, fallbacks: Vec::new() };
        Ok(Self { files: HashMap::new(), fixed: Some(Arc::new(faces)), open: Mutex::new(None) })
    }

    /// Gives the memory back until the next paper.
    pub fn release(&self) {
        if let Ok(mut open) = self.open.lock() {
            *open = None;
        }
    }

    /// The faces for a language.
    pub(crate) fn faces(&self, locale: Locale) -> Result<Arc<Faces>, DocumentError> {
        if let Some(fixed) = &self.fixed {
            return Ok(Arc::clone(fixed));
        }
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, faces)) = open.as_ref().filter(|(known, _)| *known == locale) {
            return Ok(Arc::clone(faces));
        }
        let faces = Arc::new(self.read(locale)?);
        *open = Some((locale, Arc::clone(&faces)));
        Ok(faces)
    }

    fn read(&self, locale: Locale) -> Result<Faces, DocumentError> {
        let mut last = DocumentError::NoFont;
        for (traditional, simplified) in FAMILIES {
            let [regular, bold] = if locale == Locale::ZhHans { simplified } else { traditional };
            let (Some(regular_path), Some(bold_path)) = (self.files.get(regular.0), self.files.get(bold.0)) else { continue };
            match (Face::read(regular_path, regular.1), Face::read(bold_path, bold.1)) {
                (Ok(regular), Ok(bold)) => return Ok(Faces { regular, bold, fallbacks: self.fallbacks() }),
                (Err(error), _) | (_, Err(error)) => last = error,
            }
        }
        Err(last)
    }

    fn fallbacks(&self) -> Vec<(PathBuf, OnceLock<Option<Face>>)> {
        FALLBACKS.iter().filter_map(|name| self.files.get(*name)).map(|path| (path.clone(), OnceLock::new())).collect()
    }
}

/// Font files under a folder by their lower-case name; the first of a name stays.
fn list_fonts(folder: &Path, depth: usize, files: &mut HashMap<String, PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if depth > 0 {
                list_fonts(&path, depth - 1, files);
            }
        } else {
            files.entry(entry.file_name().to_string_lossy().to_lowercase()).or_insert(path);
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// The bytes of a font of this computer, and where in them its licence bits stand.
    fn any_font() -> (Vec<u8>, u32, usize) {
        let faces = Fonts::find(&[]).faces(Locale::En).expect("fonts are installed by the project's setup");
        let face = faces.face(0).expect("a face");
        let font = face.font().expect("a font");
        let record = font.table_directory.table_records().iter().find(|record| record.tag() == *b"OS/2").expect("licence bits");
        let place = usize::try_from(record.offset()).expect("a place") + 8;
        (face.bytes.to_vec(), face.index, place)
    }

    #[test]
    fn a_font_whose_licence_forbids_embedding_or_subsets_is_not_taken() {
        let (bytes, index, place) = any_font();
        for (bits, is_allowed) in [(0_u16, true), (0x0004, true), (0x0008, true), (0x0002, false), (0x0100, false), (0x0108, false)] {
            let mut changed = bytes.clone();
            changed[place..place + 2].copy_from_slice(&bits.to_be_bytes());
            let taken = Face::of(changed.into(), index);
            assert_eq!(taken.is_ok(), is_allowed, "{bits:#06x}: {:?}", taken.err());
        }
    }
}
