//! Each text once: kinds, persons, cards and devices come again and again.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

/// A text of one stream.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Name(NonZeroU32);

/// The texts of one stream.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: BTreeMap<Arc<str>, Name>,
    texts: Vec<Arc<str>>,
}

impl Names {
    /// The name of `text`, from now on if not before.
    pub(crate) fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.numbers.get(text) {
            return *name;
        }
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let name = Name(NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN));
        self.numbers.insert(text, name);
        name
    }

    /// What a name stands for.
    pub(crate) fn text(&self, name: Name) -> &str {
        let at = usize::try_from(name.0.get()).unwrap_or(usize::MAX) - 1;
        self.texts.get(at).map_or("", |text| text)
    }
}
