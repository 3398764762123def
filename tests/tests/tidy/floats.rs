//! Money, quantities and rates are counted in whole numbers: where they are, there is no float.

use super::{expect_none, read, rust_files};

/// A file's code with its texts and comments blank, line by line as it was.
fn code_of(file: &str) -> String {
    let mut code = String::with_capacity(file.len());
    let mut rest = file;
    while let Some(place) = rest.find(['"', '/', '\'']) {
        let (before, behind) = rest.split_at(place);
        code.push_str(before);
        let length = match behind.as_bytes() {
            [b'"', ..] => text_length(behind, before),
            [b'/', b'/', ..] => behind.find('\n').unwrap_or(behind.len()),
            // A character that would begin a text.
            [b'\'', b'"', b'\'', ..] => 3,
            _ => {
                code.push_str(&behind[..1]);
                rest = &behind[1..];
                continue;
            }
        };
        code.extend(behind[..length].chars().filter(|character| *character == '\n'));
        rest = &behind[length..];
    }
    code + rest
}

/// How long a text is that begins here; `before` says whether it is a raw one.
fn text_length(text: &str, before: &str) -> usize {
    let hashes = before.len() - before.trim_end_matches('#').len();
    if before.trim_end_matches('#').ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        return text[1..].find(&end).map_or(text.len(), |place| place + 1 + end.len());
    }
    let mut is_escaped = false;
    for (place, character) in text.char_indices().skip(1) {
        match character {
            '"' if !is_escaped => return place + 1,
            _ => is_escaped = character == '\\' && !is_escaped,
        }
    }
    text.len()
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|character: char| !character.is_alphanumeric() && character != '_').any(|part| part == word)
}

/// Whether a number with a decimal point stands there, and not a field of a field (`it.0.1`).
fn has_point(line: &str) -> bool {
    let code = line.as_bytes();
    (1..code.len().saturating_sub(1)).any(|place| {
        let is_point = code[place] == b'.' && code[place - 1].is_ascii_digit() && code[place + 1].is_ascii_digit();
        let head = code[..place].iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b'_').map(|before| code[before]);
        is_point && head.is_none_or(|before| before != b'.' && !before.is_ascii_alphanumeric())
    })
}

/// Lines of a file's code with a float, by their numbers.
fn floats(file: &str) -> Vec<usize> {
    let is_float = |line: &str| has_word(line, "f32") || has_word(line, "f64") || has_point(line);
    (1..).zip(code_of(file).lines()).filter(|(_, line)| is_float(line)).map(|(number, _)| number).collect()
}

#[test]
fn a_float_is_seen_where_it_stands_and_nowhere_else() {
    for line in ["let half = 0.5;", "(1.25)", "10_000.0 * x", "x as f64", "\"text\".len() + 0.5", "'\"', 0.5"] {
        assert_eq!(floats(line), [1], "{line}");
    }
    for line in ["it.0.1", "\"0.5\"", "// 0.5", "1..5", "x1.0", "[0]..2", "a.0.0.1", "r#\"a \" 0.5\"#", "\"a\\\" 0.5\"", "\"two\nlines 0.5\""] {
        assert_eq!(floats(line), Vec::<usize>::new(), "{line}");
    }
    assert_eq!(floats("\"two\nlines\"\n0.5\n// 0.5"), [3]);
}

#[test]
fn no_float_is_near_money() {
    let near = ["crates/domain/", "crates/store/", "crates/sync/"].into_iter().flat_map(rust_files);
    let wrong = near.flat_map(|file| floats(&read(&file)).into_iter().map(move |number| format!("{file}:{number}")).collect::<Vec<_>>());
    expect_none("floats", wrong.collect());
}
