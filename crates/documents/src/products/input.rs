//! Bytes of a file become UTF-8, piece by piece, with a bound on what one record may take.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

/// Most bytes of one record: a quote that is never closed must not take a whole file into memory.
const RECORD_LIMIT: usize = 1 << 20;
const CHUNK: usize = 1 << 15;

/// A reader that gives UTF-8 or fails.
pub(super) struct Input<R> {
    inner: R,
    raw: Vec<u8>,
    /// Decoded and not read yet.
    text: Vec<u8>,
    read: usize,
    decoder: Option<Decoder>,
    is_at_end: bool,
    budget: Budget,
}

/// What is left for the record being read.
#[derive(Clone)]
pub(super) struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// A record ended: the next has all of it again.
    pub(super) fn reset(&self) {
        self.0.store(RECORD_LIMIT, Ordering::Relaxed);
    }

    fn spend(&self, bytes: usize) -> io::Result<()> {
        let left = self.0.load(Ordering::Relaxed).checked_sub(bytes).ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        self.0.store(left, Ordering::Relaxed);
        Ok(())
    }
}

impl<R: Read> Input<R> {
    pub(super) fn new(inner: R) -> Self {
        let budget = Budget(Arc::new(AtomicUsize::new(RECORD_LIMIT)));
        Self { inner, raw: vec![0; CHUNK], text: Vec::new(), read: 0, decoder: None, is_at_end: false, budget }
    }

    pub(super) fn budget(&self) -> Budget {
        self.budget.clone()
    }

    /// Decodes the next chunk. UTF-16 only with its mark; without one it is UTF-8.
    fn more(&mut self) -> io::Result<()> {
        let mut count = 0;
        // The first chunk must hold a whole mark.
        while count < 4 && !self.is_at_end {
            let now = self.inner.read(self.raw.get_mut(count..).unwrap_or_default())?;
            count += now;
            self.is_at_end = now == 0;
        }
        let bytes = self.raw.get(..count).unwrap_or_default();
        let decoder = self.decoder.get_or_insert_with(|| {
            let (encoding, _) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
            encoding.new_decoder_with_bom_removal()
        });
        let room = decoder.max_utf8_buffer_length_without_replacement(count).unwrap_or(CHUNK * 4).max(16);
        let mut text = vec![0; room];
        let (result, _, written) = decoder.decode_to_utf8_without_replacement(bytes, &mut text, self.is_at_end);
        text.truncate(written);
        // A NUL is in no text file: it is some other kind of file, or UTF-16 without its mark.
        if result != DecoderResult::InputEmpty || text.contains(&0) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        (self.text, self.read) = (text, 0);
        Ok(())
    }
}

impl<R: Read> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.read >= self.text.len() && !self.is_at_end {
            self.more()?;
        }
        Ok(self.text.get(self.read..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.read += amount;
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(target.len());
        if let (Some(target), Some(ready)) = (target.get_mut(..count), ready.get(..count)) {
            target.copy_from_slice(ready);
        }
        self.consume(count);
        self.budget.spend(count)?;
        Ok(count)
    }
}

/// The separator of a file, by its first line.
pub(super) fn separator(start: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in start {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            other if !is_quoted => {
                for (separator, count) in &mut counts {
                    *count += usize::from(separator == other);
                }
            }
            _ => {}
        }
    }
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| *separator)
}
