//! The pieces every screen is made of.

mod button;
mod dialog;
mod display;
mod field;
mod form;
mod nearest;
mod page;
mod photo;
mod table;
mod tabs;

pub(crate) use button::{Button, Kind, OnPress};
pub(crate) use dialog::{Confirm, Dialog};
pub(crate) use display::{Empty, KeyCap, Progress, Skeleton, Strip, Swatch, Tag, hue};
pub(crate) use field::{CheckField, SearchField, SelectField, TextField, focus_when_there};
pub(crate) use form::{Form, FormError};
pub(crate) use nearest::Nearest;
pub(crate) use page::{BackTo, DayField, field_name, on_enter, today};
pub(crate) use photo::{Photo, photo_arrived};
pub(crate) use table::{Column, Rows, Sorting, VirtualTable};
pub(crate) use tabs::{Choice, Tabs};
