//! A file of commands that could not be sent, which only the company's server can open: one line of JSON that says
//! whose it is, then the sealed bytes. Who seals and opens is outside; here is what stands in it.

use kontor_domain::ids::{CompanyId, DeviceId};
use kontor_domain::time::Instant;
use serde::{Deserialize, Serialize};

use crate::message::PushedCommand;

/// What both sides say so that bytes sealed for something else do not open.
pub const PURPOSE: &[u8] = b"kontor unsent commands 1";
/// Longest first line.
const HEADER_LIMIT: usize = 4_096;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the file.
    pub kontor_unsent: u32,
    /// The company.
    pub company: CompanyId,
    /// The device that wrote it.
    pub device: DeviceId,
    /// When.
    pub at: Instant,
    /// How many commands.
    pub commands: usize,
    /// The key it is sealed to, as hex digits.
    pub key: String,
    /// What the key's owner needs to open it, as hex digits.
    pub encapsulated: String,
}

/// What is sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unsent {
    /// The commands, oldest first.
    pub commands: Vec<PushedCommand>,
}

/// A file that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no file of unsent commands")]
pub struct NotSealed;

/// The file of a header and sealed bytes.
pub fn write(header: &Header, sealed: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let mut file = serde_json::to_vec(header)?;
    file.push(b'\n');
    file.extend_from_slice(sealed);
    Ok(file)
}

/// The header and sealed bytes of a file.
pub fn read(file: &[u8]) -> Result<(Header, &[u8]), NotSealed> {
    let end = file.iter().take(HEADER_LIMIT).position(|byte| *byte == b'\n').ok_or(NotSealed)?;
    let header: Header = serde_json::from_slice(&file[..end]).map_err(|_| NotSealed)?;
    Ok((header, &file[end + 1..]))
}

/// Bytes as digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Digits as bytes; `None`: they are none.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    // Digits alone: a number may also have a sign.
    if !text.bytes().all(|digit| digit.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_file_comes_apart_as_it_was_put_together() {
        let header = Header {
            kontor_unsent: 1,
            company: CompanyId(Uuid::from_u128(1)),
            device: DeviceId(Uuid::from_u128(2)),
            at: Instant(3),
            commands: 4,
            key: "00ff".into(),
            encapsulated: String::new(),
        };
        let file = write(&header, b"\n{\0}").unwrap();
        assert_eq!(read(&file).unwrap(), (header, b"\n{\0}".as_slice()));
        for wrong in [b"".as_slice(), b"{}\n", b"no line", &vec![b' '; 10_000]] {
            assert_eq!(read(wrong), Err(NotSealed));
        }
    }

    #[test]
    fn digits_are_bytes_again_and_others_are_none() {
        assert_eq!(unhex(&hex(&[0, 10, 255])), Some(vec![0, 10, 255]));
        for wrong in ["0", "0g", "é", "+1", "-1"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }
}
