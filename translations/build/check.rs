//! The rules that catalogues keep. Used by the build, and by tests that show that each rule can fail.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast;

/// The files of one language: (name, content).
pub struct Catalogue {
    /// `en`, `zh-Hant`, `zh-Hans`.
    pub locale: String,
    /// Name and content of each file.
    pub files: Vec<(String, String)>,
}

/// A message that every language has.
pub struct Message {
    /// Its key.
    pub key: String,
    /// Variables it asks for, sorted.
    pub variables: Vec<String>,
    /// Its source in the first language.
    pub text: String,
}

/// Where a message stands and what it asks for.
struct Found {
    file: String,
    variables: BTreeSet<String>,
    text: String,
}

/// The messages, sorted by key; or everything that is wrong, one line each.
pub fn check(catalogues: &[Catalogue]) -> Result<Vec<Message>, Vec<String>> {
    let mut problems = Vec::new();
    let read: Vec<BTreeMap<String, Found>> = catalogues.iter().map(|catalogue| read(catalogue, &mut problems)).collect();
    let Some((first, others)) = read.split_first() else { return Ok(Vec::new()) };
    for (other, catalogue) in others.iter().zip(&catalogues[1..]) {
        compare(first, &catalogues[0].locale, other, &catalogue.locale, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let message = |(key, found): (&String, &Found)| Message {
        key: key.clone(),
        variables: found.variables.iter().cloned().collect(),
        text: found.text.clone(),
    };
    Ok(first.iter().map(message).collect())
}

fn compare(first: &BTreeMap<String, Found>, first_locale: &str, other: &BTreeMap<String, Found>, locale: &str, problems: &mut Vec<String>) {
    for (key, found) in first {
        match other.get(key) {
            None => problems.push(format!("{locale}/{}: {key} is missing", found.file)),
            Some(theirs) if theirs.variables != found.variables => {
                let (mine, theirs) = (&found.variables, &theirs.variables);
                problems.push(format!("{locale}/{}: {key} has the variables {theirs:?}, in {first_locale} {mine:?}", found.file));
            }
            Some(theirs) if theirs.file != found.file => {
                problems.push(format!("{locale}/{}: {key} stands in {} in {first_locale}", theirs.file, found.file));
            }
            Some(_) => {}
        }
    }
    for (key, found) in other.iter().filter(|(key, _)| !first.contains_key(*key)) {
        problems.push(format!("{first_locale}/{}: {key} is missing, {locale} has it", found.file));
    }
}

fn read(catalogue: &Catalogue, problems: &mut Vec<String>) -> BTreeMap<String, Found> {
    let mut all: BTreeMap<String, Found> = BTreeMap::new();
    for (file, content) in &catalogue.files {
        let place = format!("{}/{file}", catalogue.locale);
        let resource = match fluent_syntax::parser::parse(content.as_str()) {
            Ok(resource) => resource,
            Err((_, errors)) => {
                for error in errors {
                    let line = content.get(..error.pos.start).map_or(0, |before| before.matches('\n').count() + 1);
                    problems.push(format!("{place}:{line}: {}", error.kind));
                }
                continue;
            }
        };
        for entry in resource.body {
            match entry {
                ast::Entry::Message(message) => read_message(&message, &place, file, &mut all, problems),
                ast::Entry::Term(term) => problems.push(format!("{place}: -{} is a term; write the words out", term.id.name)),
                ast::Entry::Comment(_) | ast::Entry::GroupComment(_) | ast::Entry::ResourceComment(_) | ast::Entry::Junk { .. } => {}
            }
        }
    }
    all
}

fn read_message(message: &ast::Message<&str>, place: &str, file: &str, all: &mut BTreeMap<String, Found>, problems: &mut Vec<String>) {
    let key = message.id.name;
    if !key.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-') {
        problems.push(format!("{place}: {key}: a key has small letters, digits and hyphens"));
    }
    if !message.attributes.is_empty() {
        problems.push(format!("{place}: {key} has attributes; give them keys of their own"));
    }
    let Some(pattern) = &message.value else {
        problems.push(format!("{place}: {key} has no text"));
        return;
    };
    let mut text = String::new();
    let mut variables = BTreeSet::new();
    if let Err(problem) = read_pattern(pattern, &mut text, &mut variables) {
        problems.push(format!("{place}: {key}: {problem}"));
    }
    if all.insert(key.to_owned(), Found { file: file.to_owned(), variables, text }).is_some() {
        problems.push(format!("{place}: {key} is there twice"));
    }
}

fn read_pattern(pattern: &ast::Pattern<&str>, text: &mut String, variables: &mut BTreeSet<String>) -> Result<(), String> {
    for element in &pattern.elements {
        match element {
            ast::PatternElement::TextElement { value } => text.push_str(value),
            ast::PatternElement::Placeable { expression: ast::Expression::Inline(inline) } => read_inline(inline, text, variables)?,
            ast::PatternElement::Placeable { expression: ast::Expression::Select { selector, variants } } => {
                read_inline(selector, &mut String::new(), variables)?;
                for variant in variants {
                    let mut branch = String::new();
                    read_pattern(&variant.value, &mut branch, variables)?;
                    // The doc of a plural is its general form.
                    if variant.default {
                        text.push_str(&branch);
                    }
                }
            }
        }
    }
    Ok(())
}

fn read_inline(inline: &ast::InlineExpression<&str>, text: &mut String, variables: &mut BTreeSet<String>) -> Result<(), String> {
    match inline {
        ast::InlineExpression::VariableReference { id } => {
            variables.insert(id.name.to_owned());
            text.push_str(&format!("{{{}}}", id.name));
            Ok(())
        }
        ast::InlineExpression::StringLiteral { value } | ast::InlineExpression::NumberLiteral { value } => {
            text.push_str(value);
            Ok(())
        }
        ast::InlineExpression::FunctionReference { .. }
        | ast::InlineExpression::MessageReference { .. }
        | ast::InlineExpression::TermReference { .. }
        | ast::InlineExpression::Placeable { .. } => Err("only variables and plain text are used here".to_owned()),
    }
}
