use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Checks the invariants of the structure, and returns its depth.
fn check_part(part: &Part<u32>, low: Option<&str>, high: Option<&str>) -> usize {
    match part {
        Part::Leaf(leaf) => {
            assert!(!leaf.values.is_empty() && leaf.values.len() <= leaf::ENTRIES_MAX);
            let names: Vec<&str> =
                (0..leaf.values.len()).filter_map(|at| leaf.entry(at)).map(|(name, _)| name).collect();
            assert_eq!(names.len(), leaf.values.len());
            assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
            assert!(low.is_none_or(|low| names.iter().all(|name| *name >= low)), "{low:?} {names:?}");
            assert!(high.is_none_or(|high| names.iter().all(|name| *name < high)), "{high:?} {names:?}");
            0
        }
        Part::Branch(branch) => {
            assert_eq!(branch.parts.len(), branch.firsts.len() + 1);
            let bound = |at: Option<usize>| at.and_then(|at| branch.firsts.get(at)).map(SmolStr::as_str);
            let depths: Vec<usize> = branch
                .parts
                .iter()
                .enumerate()
                .map(|(at, part)| {
                    let (own_low, own_high) = (bound(at.checked_sub(1)).or(low), bound(Some(at)).or(high));
                    check_part(part, own_low, own_high)
                })
                .collect();
            assert!(depths.windows(2).all(|pair| pair[0] == pair[1]), "{depths:?}");
            depths[0] + 1
        }
    }
}

fn check(map: &Names<u32>, model: &BTreeMap<String, u32>) {
    if let Some(root) = &map.root {
        check_part(root, None, None);
    }
    assert!(map.iter().map(|(name, value)| (name.to_owned(), *value)).eq(model.clone()));
    assert_eq!(map.is_empty(), model.is_empty());
    assert_eq!(map.iter().last().map(|(name, _)| name), model.keys().next_back().map(String::as_str));
}

#[derive(Debug, Clone)]
enum Step {
    Insert(String, u32),
    Remove(String),
    Change(String, u32),
    Keep,
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        10 => (0u32..400).prop_map(|number| format!("n{number}")),
        2 => "[abé]{1,3}",
        1 => (1usize..=NAME_BYTES_MAX).prop_map(|length| "x".repeat(length)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (name(), any::<u32>()).prop_map(|(name, value)| Step::Insert(name, value)),
        4 => name().prop_map(Step::Remove),
        1 => (name(), any::<u32>()).prop_map(|(name, value)| Step::Change(name, value)),
        1 => Just(Step::Keep),
    ]
}

proptest! {
    #[test]
    fn does_as_a_plain_map_does(
        fill in 0u32..1_500,
        steps in prop::collection::vec(step(), 0..400),
        probes in prop::collection::vec(name(), 8),
    ) {
        let mut model: BTreeMap<String, u32> = (0..fill).map(|number| (format!("n{number}"), number)).collect();
        let mut map = Names::default();
        for (name, value) in &model {
            map.insert(name, *value);
        }
        let mut kept = vec![(map.clone(), model.clone())];
        for step in steps {
            match step {
                Step::Insert(name, value) => prop_assert_eq!(map.insert(&name, value), model.insert(name, value)),
                Step::Remove(name) => prop_assert_eq!(map.remove(&name), model.remove(&name)),
                Step::Change(name, value) => {
                    let (old, new) = (map.get_mut(&name), model.get_mut(&name));
                    prop_assert_eq!(&old, &new);
                    if let (Some(old), Some(new)) = (old, new) {
                        (*old, *new) = (value, value);
                    }
                }
                Step::Keep => kept.push((map.clone(), model.clone())),
            }
        }
        kept.push((map, model));
        for (map, model) in &kept {
            check(map, model);
            for probe in &probes {
                prop_assert_eq!(map.get(probe), model.get(probe));
                let behind: Vec<&str> = map.behind(Some(probe)).map(|(name, _)| name).collect();
                let expected: Vec<&str> = model.keys().map(String::as_str).filter(|name| *name > probe.as_str()).collect();
                prop_assert_eq!(behind, expected);
                let prefix: String = probe.chars().take(1).collect();
                let page: Vec<&str> = map.page(Some(probe), &prefix).map(|(name, _)| name).collect();
                let fits = |name: &&str| *name > probe.as_str() && name.starts_with(&prefix);
                let expected: Vec<&str> = model.keys().map(String::as_str).filter(fits).collect();
                prop_assert_eq!(page, expected);
            }
        }
    }

    #[test]
    fn empties_in_any_order(count in 1u32..3_000, step in 1u32..3_000) {
        let mut model: BTreeMap<String, u32> = (0..count).map(|number| (format!("{number:05}"), number)).collect();
        let mut map = Names::default();
        model.iter().for_each(|(name, value)| assert_eq!(map.insert(name, *value), None));
        check(&map, &model);
        let mut at = 0;
        while !model.is_empty() {
            at = (at + step) % count;
            let name = format!("{at:05}");
            if model.remove(&name).is_none() {
                let (first, _) = model.pop_first().expect("not empty");
                prop_assert!(map.remove(&first).is_some());
            } else {
                prop_assert!(map.remove(&name).is_some());
            }
            if model.len().is_multiple_of(97) {
                check(&map, &model);
            }
        }
        prop_assert!(map.is_empty() && map.root.is_none());
    }
}
