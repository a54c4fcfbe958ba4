//! Names of stored objects: chunk coordinates to keys, as the two encodings of the formats have it.

use std::fmt::Write;

/// How the chunks of one array are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    prefix: String,
    head: &'static str,
    separator: char,
}

impl Keys {
    /// Format 3's own encoding, `c/1/2`, below `prefix`, which is empty or ends in a slash.
    #[must_use]
    pub fn default_encoding(prefix: String, separator: char) -> Self {
        Self {
            prefix,
            head: "c",
            separator,
        }
    }

    /// Format 2's encoding, `1.2`, and `0` where there are no axes.
    #[must_use]
    pub fn v2_encoding(prefix: String, separator: char) -> Self {
        Self {
            prefix,
            head: "",
            separator,
        }
    }

    /// Key of the object at `coords`.
    #[must_use]
    pub fn key(&self, coords: &[usize]) -> String {
        let mut key = String::with_capacity(self.prefix.len().saturating_add(24));
        key.push_str(&self.prefix);
        key.push_str(self.head);
        for (axis, coord) in coords.iter().enumerate() {
            if axis > 0 || !self.head.is_empty() {
                key.push(self.separator);
            }
            // Writing to a string cannot fail.
            let _ = write!(key, "{coord}");
        }
        if coords.is_empty() && self.head.is_empty() {
            key.push('0');
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_formats() {
        let default = Keys::default_encoding("a/b/".into(), '/');
        assert_eq!(default.key(&[1, 23]), "a/b/c/1/23");
        assert_eq!(default.key(&[]), "a/b/c");
        assert_eq!(Keys::default_encoding(String::new(), '.').key(&[0]), "c.0");
        let v2 = Keys::v2_encoding(String::new(), '.');
        assert_eq!(v2.key(&[1, 23]), "1.23");
        assert_eq!(v2.key(&[]), "0");
    }
}
