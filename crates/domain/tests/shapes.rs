//! The JSON of every command, field by field. Tills keep commands for a long time and a server reads those of older
//! programs, so a shape that changed is another version.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::samples::Furnished;
use kontor_domain::command::{COMMAND_VERSION, Command};
use serde_json::Value as Json;

/// A field's place, by names and positions.
type Place = Vec<String>;

fn remove(json: &Json, place: &[String]) -> Json {
    let mut without = json.clone();
    let (last, above) = place.split_last().unwrap();
    let parent = above.iter().fold(&mut without, |json, step| match json {
        Json::Array(items) => &mut items[step.parse::<usize>().unwrap()],
        other => &mut other[step.as_str()],
    });
    parent.as_object_mut().unwrap().remove(last);
    without
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "nothing here",
        Json::Bool(_) => "yes or no",
        Json::Number(_) => "number",
        Json::String(_) => "text",
        Json::Array(_) => "list",
        Json::Object(_) => "fields",
    }
}

/// Adds a line for each field under a place.
fn describe(whole: &Json, name: &str, json: &Json, place: &Place, lines: &mut BTreeSet<String>) {
    let under = |step: String| [place.as_slice(), &[step]].concat();
    match json {
        Json::Object(fields) => {
            for (field, value) in fields {
                let place = under(field.clone());
                // What comes first is the command's name.
                if place.len() > 2 {
                    let may_be_missing = serde_json::from_value::<Command>(remove(whole, &place)).is_ok();
                    let path: Vec<&str> = place[2..].iter().map(|step| if step.parse::<usize>().is_ok() { "*" } else { step.as_str() }).collect();
                    let note = if may_be_missing { ", may be missing" } else { "" };
                    lines.insert(format!("{name} {}: {}{note}", path.join("."), kind(value)));
                }
                describe(whole, name, value, &place, lines);
            }
        }
        Json::Array(items) => items.iter().enumerate().for_each(|(at, item)| describe(whole, name, item, &under(at.to_string()), lines)),
        _ => {}
    }
}

#[test]
fn a_command_has_the_shape_that_its_version_always_had() {
    let mut lines = BTreeSet::new();
    for command in Furnished::new().samples() {
        lines.insert(format!("{}:", command.name()));
        let json = serde_json::to_value(&command).unwrap();
        describe(&json, command.name(), &json, &Place::new(), &mut lines);
    }
    let found: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let name = format!("shapes-{COMMAND_VERSION}.txt");
    let known = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(&name)).unwrap_or_default();
    if found == known {
        return;
    }
    let here = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
    std::fs::write(&here, &found).unwrap();
    let known: BTreeSet<String> = known.lines().map(str::to_owned).collect();
    let gone: Vec<&String> = known.difference(&lines).collect();
    let new: Vec<&String> = lines.difference(&known).collect();
    // A new command, or a field that old programs do not send, breaks nothing that was sent before.
    let of_known = |line: &str| known.iter().any(|known| line.split(' ').next().map(|name| name.trim_end_matches(':')) == known.strip_suffix(':'));
    let breaks = !gone.is_empty() || new.iter().any(|line| of_known(line) && !line.ends_with("may be missing"));
    let advice =
        if breaks { "a shape changed: raise COMMAND_VERSION, and say in kontor-sync's `upcast` what the old one means" } else { "shapes are new" };
    panic!("{advice}; then {} is tests/{name}\ngone: {gone:#?}\nnew: {new:#?}", here.display());
}
