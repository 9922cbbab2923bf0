//! What is common to all tables of a policy: single values, and what is wrong with them.

use super::*;

impl Reader<'_> {
    pub(super) fn known(&mut self, table: &DeTable<'_>, path: &str, keys: &[&str]) {
        for (key, _) in table.iter() {
            if keys.contains(&key.get_ref().as_ref()) {
                continue;
            }
            let remedy = nearest(key.get_ref(), keys.iter().copied()).map_or_else(
                || format!("one of {}", keys.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            let message = format!("unknown key {:?}", key.get_ref());
            self.problem(key.span(), path, message, Some(remedy));
        }
    }

    pub(super) fn table<'a, 'd>(
        &mut self,
        root: &'a DeTable<'d>,
        key: &str,
    ) -> Option<(&'a DeTable<'d>, Range<usize>)> {
        let value = root.get(key)?;
        match value.get_ref().as_table() {
            Some(table) => Some((table, value.span())),
            None => {
                let remedy = Some(format!("[{key}]"));
                self.problem(value.span(), key, "not a table", remedy);
                None
            }
        }
    }

    pub(super) fn rows<'a, 'd>(
        &mut self,
        table: &'a DeTable<'d>,
        key: &str,
    ) -> Vec<(usize, &'a DeTable<'d>, Range<usize>)> {
        let Some(value) = table.get(key) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            let remedy = Some(format!("[[{key}]]"));
            self.problem(value.span(), key, "not a list of tables", remedy);
            return Vec::new();
        };
        let mut rows = Vec::new();
        for (at, row) in array.iter().enumerate() {
            match row.get_ref().as_table() {
                Some(table) => rows.push((at, table, row.span())),
                None => self.problem(row.span(), key, "not a table", None),
            }
        }
        rows
    }

    pub(super) fn get_text(
        &mut self,
        table: &DeTable<'_>,
        path: &str,
        key: &str,
    ) -> Option<String> {
        let value = table.get(key)?;
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            let place = format!("{path}.{key}");
            self.problem(
                value.span(),
                place.trim_start_matches('.'),
                "not text in quotes",
                None,
            );
        }
        text
    }

    pub(super) fn get_texts(&mut self, table: &DeTable<'_>, path: &str, key: &str) -> Vec<String> {
        let Some(value) = table.get(key) else {
            return Vec::new();
        };
        let texts = self.texts(value, &format!("{path}.{key}"));
        texts.into_iter().map(|(text, _)| text).collect()
    }

    pub(super) fn texts(&mut self, value: &Value<'_>, path: &str) -> Vec<(String, Range<usize>)> {
        let Some(array) = value.get_ref().as_array() else {
            self.problem(value.span(), path, "not a list of texts", None);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for value in array {
            match value.get_ref().as_str() {
                Some(text) => texts.push((text.to_owned(), value.span())),
                None => self.problem(value.span(), path, "not text in quotes", None),
            }
        }
        texts
    }

    pub(super) fn word(&mut self, value: &Value<'_>, path: &str, words: &[&str]) -> Option<usize> {
        let found = value.get_ref().as_str();
        let at = found.and_then(|text| words.iter().position(|word| *word == text));
        if at.is_none() {
            let near = found.and_then(|text| nearest(text, words.iter().copied()));
            let remedy = near.map_or_else(
                || format!("one of {}", words.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            let message = match found {
                Some(text) => format!("{text:?} is not known here"),
                None => "not text in quotes".to_owned(),
            };
            self.problem(value.span(), path, message, Some(remedy));
        }
        at
    }

    pub(super) fn attribute(&mut self, text: &str, span: Range<usize>, path: &str) -> Option<Tag> {
        let tag = dictionary::parse(text);
        if tag.is_none() {
            let near = nearest(text, dictionary::keywords());
            let remedy = near.map(|near| format!("did you mean {near}?"));
            let message = format!("{text:?} is no keyword or tag");
            self.problem(span, path, message, remedy);
        }
        tag
    }
}
