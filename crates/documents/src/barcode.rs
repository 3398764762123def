//! Code 128: the number of a receipt for scanners.

use barcoders::sym::code128::Code128;

/// Dark (1) and light (0) modules of a number, without quiet zones; `None` where it has characters that Code 128 lacks.
pub(crate) fn modules(number: &str) -> Option<Vec<u8>> {
    if number.is_empty() || !number.chars().all(|character| matches!(character, ' '..='~')) {
        return None;
    }
    // `Ɓ` chooses set B: letters, digits and hyphens at one symbol each.
    Code128::new(format!("Ɓ{number}")).ok().map(|code| code.encode())
}
