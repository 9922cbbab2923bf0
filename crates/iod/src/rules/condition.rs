//! Conditions: a small interpreter. The tests bear the names of the rules' source, dicom3tools.

use sagittal_core::{DataSet, Element, Tag, Value, Vr, tags};

use super::value_set::{tag_values, text_values};

/// Where a condition is evaluated: a data set or item, and what encloses it.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The data set or item itself.
    pub here: &'a DataSet,
    /// The data set or item that has the sequence of which `here` is an item.
    pub above: Option<&'a DataSet>,
    /// The whole data set.
    pub root: &'a DataSet,
    /// File Meta Information.
    pub meta: Option<&'a DataSet>,
    /// SOP Class UID of the root, which most conditions ask for.
    sop_class: &'a [u8],
    /// Transfer Syntax UID.
    transfer_syntax: &'a [u8],
}

impl<'a> Scope<'a> {
    /// The root of a data set.
    pub fn root(data_set: &'a DataSet, meta: Option<&'a DataSet>) -> Scope<'a> {
        let first = |data_set: Option<&'a DataSet>, tag| {
            let bytes = data_set.and_then(|data_set| data_set.bytes(tag));
            bytes.and_then(|bytes| text_values(bytes).next())
        };
        Scope {
            here: data_set,
            above: None,
            root: data_set,
            meta,
            sop_class: first(Some(data_set), tags::SOP_CLASS_UID).unwrap_or_default(),
            transfer_syntax: first(meta, tags::TRANSFER_SYNTAX_UID).unwrap_or_default(),
        }
    }

    /// An item of a sequence of this one.
    pub fn item(&self, item: &'a DataSet) -> Scope<'a> {
        Scope {
            here: item,
            above: Some(self.here),
            ..*self
        }
    }

    /// An element here; File Meta Information belongs to the root.
    pub fn get(&self, tag: Tag) -> Option<&'a Element> {
        if tag.group() == 0x0002 {
            return self.meta.and_then(|meta| meta.get(tag));
        }
        self.here.get(tag)
    }

    fn get_in_root(&self, tag: Tag) -> Option<&'a Element> {
        if tag.group() == 0x0002 {
            return self.meta.and_then(|meta| meta.get(tag));
        }
        self.root.get(tag)
    }

    /// The UIDs that are at hand.
    fn uid(&self, test: Test, tag: Tag) -> Option<&'a [u8]> {
        match tag {
            tags::SOP_CLASS_UID if matches!(test, Test::StringValueFromRootAttribute) => {
                Some(self.sop_class)
            }
            tags::TRANSFER_SYNTAX_UID if !self.transfer_syntax.is_empty() => {
                Some(self.transfer_syntax)
            }
            _ => None,
        }
    }

    /// The data set that holds an element which [`Scope::get`] finds.
    pub fn holder(&self, tag: Tag) -> &'a DataSet {
        match self.meta {
            Some(meta) if tag.group() == 0x0002 => meta,
            _ => self.here,
        }
    }
}

/// A condition.
pub struct Condition {
    /// Its name in the rules.
    pub name: &'static str,
    terms: Vec<Term>,
    whole: bool,
}

struct Term {
    and: bool,
    not: bool,
    what: What,
}

enum What {
    Group(Vec<Term>),
    Test {
        test: Test,
        tag: Tag,
        value: Select,
        argument: Argument,
    },
}

/// Which value a test looks at.
#[derive(Clone, Copy)]
enum Select {
    Number(usize),
    Any,
}

enum Argument {
    None,
    /// The element of any of the repeating groups.
    AnyGroup,
    Text(&'static str),
    Tag(Tag),
    Compare(Comparison, f64),
}

#[derive(Clone, Copy)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        #[derive(Clone, Copy)]
        enum Test { $($name),* }

        impl Test {
            fn named(name: &str) -> Option<Test> {
                match name {
                    $(stringify!($name) => Some(Test::$name),)*
                    _ => None,
                }
            }
        }
    };
}

tests! {
    ElementPresent, ElementPresentInRoot, ElementPresentAbove, ElementPresentWithin,
    ElementPresentInPathFromRoot, ElementPresentInPathFromRootFirstItem,
    SequencePresentInPathFromRootHasItems, SequencePresentInPathFromRootFirstItemHasItems,
    SequenceHasItems, SequenceHasOneItem, SequenceHasTwoItems, SequenceHasMultipleItems,
    ValuePresent, GroupPresent, TagValue,
    StringValue, StringValueAbove, StringValueFromRoot, StringValueFromRootAttribute,
    BinaryValue, BinaryValueFromRootAttribute,
}

impl Condition {
    /// Reads the compact form of the generated table.
    pub fn parse(name: &'static str, text: &'static str) -> Condition {
        let mut whole = true;
        let mut open: Vec<Vec<Term>> = vec![Vec::new()];
        let mut signs: Vec<(bool, bool)> = Vec::new();
        for token in text.split(';') {
            let (and, rest) = match token.strip_prefix('&') {
                Some(rest) => (true, rest),
                None => (false, token.strip_prefix('|').unwrap_or(token)),
            };
            let (not, rest) = match rest.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            let term = match rest {
                "(" => {
                    signs.push((and, not));
                    open.push(Vec::new());
                    continue;
                }
                ")" => {
                    let (and, not) = signs.pop().unwrap_or_default();
                    let what = What::Group(open.pop().unwrap_or_default());
                    Some(Term { and, not, what })
                }
                test => parse_test(test).map(|what| Term { and, not, what }),
            };
            whole &= term.is_some();
            if let (Some(list), Some(term)) = (open.last_mut(), term) {
                list.push(term);
            }
        }
        whole &= open.len() == 1;
        Condition {
            name,
            terms: open.pop().unwrap_or_default(),
            whole,
        }
    }

    /// Was all of it understood?
    #[cfg(test)]
    pub fn is_whole(&self) -> bool {
        self.whole && !self.terms.is_empty()
    }

    /// Does it hold here? `None` if that cannot be told.
    pub fn holds(&self, scope: &Scope) -> Option<bool> {
        if self.whole {
            all(&self.terms, scope)
        } else {
            None
        }
    }
}

fn parse_test(text: &'static str) -> Option<What> {
    let (name, rest) = text.split_once(' ')?;
    let (tag, rest) = rest.split_once(',')?;
    let (value, argument) = rest.split_once(':')?;
    let test = Test::named(name)?;
    Some(What::Test {
        test,
        tag: Tag::from_u32(u32::from_str_radix(tag, 16).ok()?),
        value: match value {
            "" => Select::Number(0),
            "*" => Select::Any,
            number => Select::Number(number.parse().ok()?),
        },
        argument: parse_argument(test, argument)?,
    })
}

fn parse_argument(test: Test, argument: &'static str) -> Option<Argument> {
    Some(match test {
        Test::BinaryValue | Test::BinaryValueFromRootAttribute => {
            let (sign, number) = argument.split_once(' ')?;
            let comparison = match sign {
                "==" => Comparison::Equal,
                "!=" => Comparison::NotEqual,
                "<" => Comparison::Less,
                "<=" => Comparison::LessOrEqual,
                ">" => Comparison::Greater,
                ">=" => Comparison::GreaterOrEqual,
                _ => return None,
            };
            Argument::Compare(comparison, number.parse().ok()?)
        }
        Test::StringValue
        | Test::StringValueAbove
        | Test::StringValueFromRoot
        | Test::StringValueFromRootAttribute => Argument::Text(argument),
        _ if argument.is_empty() => Argument::None,
        _ if argument == "0xff00" => Argument::AnyGroup,
        _ => Argument::Tag(Tag::from_u32(u32::from_str_radix(argument, 16).ok()?)),
    })
}

/// Left to right; `and` and `or` bind alike. Three values, as in Kleene's logic.
fn all(terms: &[Term], scope: &Scope) -> Option<bool> {
    let mut result = Some(false);
    for (position, term) in terms.iter().enumerate() {
        // What cannot change the result is not evaluated.
        if position > 0 && result == Some(!term.and) {
            continue;
        }
        let value = match &term.what {
            What::Group(terms) => all(terms, scope),
            What::Test {
                test,
                tag,
                value,
                argument,
            } => known(*test, *tag, argument, scope)
                .then(|| holds(*test, *tag, *value, argument, scope)),
        };
        let value = value.map(|value| value != term.not);
        result = match (position, result, value) {
            (0, _, value) => value,
            (_, _, Some(decided)) if decided != term.and => Some(decided),
            (_, None, _) | (_, _, None) => None,
            (_, _, value) => value,
        };
    }
    result
}

/// The codes that `ElementPresentWithin` was meant to compare with are not in the rules: of a code
/// that is there, nobody can tell whether it is the one meant.
fn known(test: Test, tag: Tag, argument: &Argument, scope: &Scope) -> bool {
    let is_code = matches!(
        tag,
        tags::CODE_VALUE | tags::CODING_SCHEME_DESIGNATOR | tags::DATA_PATH_ASSIGNMENT
    );
    !(matches!(test, Test::ElementPresentWithin)
        && is_code
        && holds(test, tag, Select::Number(0), argument, scope))
}

/// Is the element there, in the data set or in items at any depth?
fn deep(data_set: &DataSet, has: &dyn Fn(&DataSet) -> bool) -> bool {
    has(data_set)
        || data_set
            .elements()
            .iter()
            .filter_map(|element| element.value.as_items())
            .flatten()
            .any(|item| deep(item, has))
}

fn holds(test: Test, tag: Tag, value: Select, argument: &Argument, scope: &Scope) -> bool {
    let items_of = |sequence: &Argument| match sequence {
        Argument::Tag(sequence) => scope.root.items(*sequence),
        _ => &[],
    };
    let count = || scope.here.items(tag).len();
    if let (Argument::Text(expected), Some(uid)) = (argument, scope.uid(test, tag)) {
        return uid == expected.as_bytes();
    }
    let contains = |item: &DataSet| item.contains(tag);
    let has_items = |item: &DataSet| !item.items(tag).is_empty();
    match test {
        Test::ElementPresent => match argument {
            Argument::AnyGroup => in_any_group(scope.here, tag),
            _ => scope.get(tag).is_some(),
        },
        Test::ElementPresentInRoot => scope.get_in_root(tag).is_some(),
        Test::ElementPresentAbove => scope.above.is_some_and(|above| above.contains(tag)),
        Test::ElementPresentWithin => match argument {
            Argument::Tag(sequence) => scope
                .here
                .items(*sequence)
                .iter()
                .any(|item| item.contains(tag)),
            _ => false,
        },
        Test::ElementPresentInPathFromRoot => {
            items_of(argument).iter().any(|item| deep(item, &contains))
        }
        Test::ElementPresentInPathFromRootFirstItem => items_of(argument)
            .first()
            .is_some_and(|item| deep(item, &contains)),
        Test::SequencePresentInPathFromRootHasItems => {
            items_of(argument).iter().any(|item| deep(item, &has_items))
        }
        Test::SequencePresentInPathFromRootFirstItemHasItems => items_of(argument)
            .first()
            .is_some_and(|item| deep(item, &has_items)),
        Test::SequenceHasItems => count() > 0,
        Test::SequenceHasOneItem => count() == 1,
        Test::SequenceHasTwoItems => count() == 2,
        Test::SequenceHasMultipleItems => count() > 1,
        Test::ValuePresent => scope.get(tag).is_some_and(|e| is_there(e, value)),
        Test::GroupPresent => match tag.group() {
            0x0002 => scope.meta.is_some_and(|meta| !meta.is_empty()),
            group => scope.here.elements().iter().any(|e| e.tag.group() == group),
        },
        Test::TagValue => scope.get(tag).is_some_and(|e| is_tag(e, value, argument)),
        Test::StringValue => scope.get(tag).is_some_and(|e| is_text(e, value, argument)),
        Test::StringValueAbove => scope
            .above
            .and_then(|above| above.get(tag))
            .is_some_and(|e| is_text(e, value, argument)),
        Test::StringValueFromRoot | Test::StringValueFromRootAttribute => scope
            .get_in_root(tag)
            .is_some_and(|e| is_text(e, value, argument)),
        Test::BinaryValue => is_number(scope.holder(tag), tag, value, argument),
        Test::BinaryValueFromRootAttribute => is_number(scope.root, tag, value, argument),
    }
}

/// Is there such an element in a group of the same kind (overlays, curves)?
fn in_any_group(data_set: &DataSet, tag: Tag) -> bool {
    data_set.elements().iter().any(|element| {
        element.tag.group() & 0xFF00 == tag.group() && element.tag.element() == tag.element()
    })
}

fn is_there(element: &Element, select: Select) -> bool {
    match (select, element.value.as_bytes()) {
        (Select::Number(number), Some(bytes)) if number > 0 && element.vr.is_text() => {
            text_values(bytes).nth(number).is_some()
        }
        _ => has_value(element),
    }
}

/// Is the element not empty? Padding is no value.
pub fn has_value(element: &Element) -> bool {
    match &element.value {
        Value::Bytes(bytes) if element.vr.is_text() => bytes.iter().any(|b| !matches!(b, b' ' | 0)),
        other => !other.is_empty(),
    }
}

fn is_text(element: &Element, select: Select, argument: &Argument) -> bool {
    let (Argument::Text(expected), Some(bytes)) = (argument, element.value.as_bytes()) else {
        return false;
    };
    let mut values = text_values(bytes);
    match select {
        Select::Any => values.any(|value| value == expected.as_bytes()),
        // An argument of nothing asks for an empty or missing value.
        Select::Number(number) => values.nth(number).unwrap_or(&[]) == expected.as_bytes(),
    }
}

fn is_tag(element: &Element, select: Select, argument: &Argument) -> bool {
    let (Argument::Tag(expected), Some(bytes)) = (argument, element.value.as_bytes()) else {
        return false;
    };
    let mut values = tag_values(bytes);
    match select {
        Select::Any => values.any(|tag| tag == *expected),
        Select::Number(number) => values.nth(number) == Some(*expected),
    }
}

fn is_number(data_set: &DataSet, tag: Tag, select: Select, argument: &Argument) -> bool {
    let Argument::Compare(comparison, expected) = argument else {
        return false;
    };
    let compare = |value: &f64| match comparison {
        // Decimal strings are compared as whole numbers (33 stands for a frame time of 33.3).
        Comparison::Equal => value.trunc() == *expected,
        Comparison::NotEqual => value != expected,
        Comparison::Less => value < expected,
        Comparison::LessOrEqual => value <= expected,
        Comparison::Greater => value > expected,
        Comparison::GreaterOrEqual => value >= expected,
    };
    let Some(element) = data_set.get(tag) else {
        return false;
    };
    match select {
        Select::Any => data_set.floats(tag).iter().any(compare),
        Select::Number(number) => number_at(element, number).is_some_and(|v| compare(&v)),
    }
}

/// One number, without reading the others.
fn number_at(element: &Element, number: usize) -> Option<f64> {
    let bytes = element.value.as_bytes()?;
    match element.vr {
        Vr::US => {
            let at = number.checked_mul(2)?;
            let pair = bytes.get(at..at.checked_add(2)?)?;
            Some(f64::from(u16::from_le_bytes(pair.try_into().ok()?)))
        }
        Vr::IS | Vr::DS => {
            let value = text_values(bytes).nth(number)?;
            std::str::from_utf8(value).ok()?.parse().ok()
        }
        _ => {
            let mut alone = DataSet::new();
            alone.put(element.clone());
            alone.floats(element.tag).get(number).copied()
        }
    }
}
