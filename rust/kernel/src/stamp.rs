//! Stamps: what tells one version of a stored object from every other.
//!
//! Whoever keeps what was made of an object compares stamps, and never looks into them. What is in
//! a stamp, and when it is proof, is the business of the place that makes it: a local directory
//! takes numbers and times of files ([`crate::local`]), another place could take names and ETags.

use std::fmt;
use std::sync::Arc;

/// Enough for the numbers of a file, or for a digest of a name and an ETag.
const SHORT_NBYTES: usize = 54;

/// Stands for one version of one object. Stamps that are equal stand for the same bytes, from
/// whatever places they come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    object: u64,
    version: Bytes,
}

/// Copied about in every look-up, hence no allocation as long as there are few.
#[derive(Clone, PartialEq, Eq)]
enum Bytes {
    Short {
        nbytes: u8,
        /// 0 after the first `nbytes`.
        padded: [u8; SHORT_NBYTES],
    },
    Long(Arc<[u8]>),
}

impl Stamp {
    /// A stamp that says all it has to say in `version`: which object of which place, as far as
    /// others have versions of the same name, and which version.
    ///
    /// `object` is the same for all versions of an object, and as a rule another one for other
    /// objects (a hash will do): what is kept of one version makes room for the next.
    #[must_use]
    pub fn new(object: u64, version: &[u8]) -> Self {
        Self {
            object,
            version: Bytes::new(version),
        }
    }

    /// Where to look for what is kept of any version of the object.
    pub(crate) fn object(&self) -> u64 {
        self.object
    }
}

impl Bytes {
    fn new(bytes: &[u8]) -> Self {
        let mut padded = [0; SHORT_NBYTES];
        match (padded.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(start), Ok(nbytes)) => {
                start.copy_from_slice(bytes);
                Self::Short { nbytes, padded }
            }
            _ => Self::Long(bytes.into()),
        }
    }

    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Short { nbytes, padded } => {
                padded.get(..usize::from(*nbytes)).unwrap_or_default()
            }
            Self::Long(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_slice().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_equal_in_every_byte_and_in_length() {
        for nbytes in [0, 1, SHORT_NBYTES - 1, SHORT_NBYTES, SHORT_NBYTES + 1, 500] {
            let bytes = vec![0; nbytes];
            let stamp = Stamp::new(7, &bytes);
            assert_eq!(stamp.version.as_slice(), bytes);
            assert_eq!(stamp, Stamp::new(7, &bytes));
            assert_ne!(stamp, Stamp::new(8, &bytes));
            assert_ne!(stamp, Stamp::new(7, &vec![0; nbytes + 1]));
            for at in 0..nbytes {
                let mut other = bytes.clone();
                other[at] = 1;
                assert_ne!(stamp, Stamp::new(7, &other));
            }
        }
    }

    #[test]
    fn usual_stamps_are_small() {
        assert!(matches!(Bytes::new(&[0; 48]), Bytes::Short { .. }));
        assert!(size_of::<Stamp>() <= 64);
    }

    #[test]
    fn stamps_can_be_read_by_people() {
        let stamp = Stamp::new(7, b"bucket/c/0 \"0a4d\"");
        let text = format!("{stamp:?}");
        assert!(text.contains(r#"bucket/c/0 \"0a4d\""#), "{text}");
    }
}
