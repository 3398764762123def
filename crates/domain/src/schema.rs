//! What the API says about types that are one value: which JSON they are, and what it counts.

/// Declares the JSON of a newtype.
macro_rules! described {
    ($name:ident, $type:literal, $format:literal, $about:expr) => {
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": $type, "format": $format, "description": $about.trim() })
            }
        }
    };
}
pub(crate) use described;
