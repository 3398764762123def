//! One value of one column, and the types that can stand there.

use uuid::Uuid;

/// A value as both engines keep it: no floats, no booleans (an `INTEGER` 0/1), no dates (text).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// 64-bit signed integer.
    Int(i64),
    /// UTF-8 text without NUL.
    Text(String),
    /// A 16-byte id.
    Id(Uuid),
}

/// A stored value did not have the type its column declares: the file is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stored value {value:?} is not a {wanted}")]
pub struct CellError {
    /// What was asked for.
    pub wanted: &'static str,
    /// What was found.
    pub value: Value,
}

/// The kind of SQL value a cell is, so that a reader knows what to ask the driver for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// `BIGINT`.
    Int,
    /// `TEXT`.
    Text,
    /// 16 bytes.
    Id,
}

/// A type that fills one column.
pub trait Cell: Sized {
    /// The column's kind.
    const KIND: CellKind;
    /// The value to store.
    fn to_value(&self) -> Value;
    /// The value read back.
    fn from_value(value: Value) -> Result<Self, CellError>;
}

impl Cell for i64 {
    const KIND: CellKind = CellKind::Int;
    fn to_value(&self) -> Value {
        Value::Int(*self)
    }
    fn from_value(value: Value) -> Result<Self, CellError> {
        match value {
            Value::Int(number) => Ok(number),
            value => Err(CellError { wanted: "number", value }),
        }
    }
}

impl Cell for bool {
    const KIND: CellKind = CellKind::Int;
    fn to_value(&self) -> Value {
        Value::Int(i64::from(*self))
    }
    fn from_value(value: Value) -> Result<Self, CellError> {
        match value {
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            value => Err(CellError { wanted: "0 or 1", value }),
        }
    }
}

impl Cell for String {
    const KIND: CellKind = CellKind::Text;
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
    fn from_value(value: Value) -> Result<Self, CellError> {
        match value {
            Value::Text(text) => Ok(text),
            value => Err(CellError { wanted: "text", value }),
        }
    }
}

impl Cell for Uuid {
    const KIND: CellKind = CellKind::Id;
    fn to_value(&self) -> Value {
        Value::Id(*self)
    }
    fn from_value(value: Value) -> Result<Self, CellError> {
        match value {
            Value::Id(id) => Ok(id),
            value => Err(CellError { wanted: "id", value }),
        }
    }
}

impl<T: Cell> Cell for Option<T> {
    const KIND: CellKind = T::KIND;
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, Cell::to_value)
    }
    fn from_value(value: Value) -> Result<Self, CellError> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// A newtype over another cell.
macro_rules! cell_newtype {
    ($name:ident over $inner:ty) => {
        impl $crate::cell::Cell for $name {
            const KIND: $crate::cell::CellKind = <$inner as $crate::cell::Cell>::KIND;
            fn to_value(&self) -> $crate::cell::Value {
                $crate::cell::Cell::to_value(&self.0)
            }
            fn from_value(value: $crate::cell::Value) -> Result<Self, $crate::cell::CellError> {
                <$inner as $crate::cell::Cell>::from_value(value).map(Self)
            }
        }
    };
}
pub(crate) use cell_newtype;

/// An enum of states or kinds: declared once with the word that is stored, sent and read by people who look into the file.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value, in the order declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stored word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
            /// The value of a stored word, if we know it.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.word() == word)
            }
        }

        impl $crate::cell::Cell for $name {
            const KIND: $crate::cell::CellKind = $crate::cell::CellKind::Text;
            fn to_value(&self) -> $crate::cell::Value {
                $crate::cell::Value::Text(self.word().to_owned())
            }
            fn from_value(value: $crate::cell::Value) -> Result<Self, $crate::cell::CellError> {
                match &value {
                    $crate::cell::Value::Text(word) => Self::of(word)
                        .ok_or_else(|| $crate::cell::CellError { wanted: stringify!($name), value: value.clone() }),
                    _ => Err($crate::cell::CellError { wanted: stringify!($name), value }),
                }
            }
        }
    };
}
pub(crate) use words;
