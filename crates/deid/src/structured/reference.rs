//! Content items as a tree, and references by position (PS3.3 §C.17.3.2.5).

use std::collections::HashMap;

use sagittal_core::{DataSet, tags};

/// An item that stays.
pub(super) struct Node {
    /// Without its content.
    pub item: DataSet,
    /// Where it was: positions from 1, the root's first.
    pub old: Vec<u32>,
    /// Below it.
    pub children: Vec<Node>,
}

impl Node {
    /// Where the item points by position, if that is what it is.
    pub fn target(&self) -> Option<Vec<u32>> {
        let numbers = self.item.ints(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER);
        let target: Vec<u32> = numbers
            .into_iter()
            .filter_map(|number| u32::try_from(number).ok())
            .collect();
        (!target.is_empty()).then_some(target)
    }
}

/// Takes out references to what is gone and counts the others anew.
pub(super) fn renumber(nodes: Vec<Node>) -> Vec<DataSet> {
    if !any_reference(&nodes) {
        return nodes.into_iter().map(data_set).collect();
    }
    let mut there = HashMap::from([(vec![1], Vec::new())]);
    collect(&nodes, &mut there);
    let mut nodes = prune(nodes, &there);
    let mut place = vec![1];
    there.insert(vec![1], vec![1]);
    number(&nodes, &mut place, &mut there);
    rewrite(&mut nodes, &there);
    nodes.into_iter().map(data_set).collect()
}

type Places = HashMap<Vec<u32>, Vec<u32>>;

fn any_reference(nodes: &[Node]) -> bool {
    nodes
        .iter()
        .any(|node| node.target().is_some() || any_reference(&node.children))
}

fn collect(nodes: &[Node], there: &mut Places) {
    for node in nodes {
        if node.target().is_none() {
            there.insert(node.old.clone(), Vec::new());
        }
        collect(&node.children, there);
    }
}

fn prune(nodes: Vec<Node>, there: &Places) -> Vec<Node> {
    let stays = |node: &Node| {
        node.target()
            .is_none_or(|target| there.contains_key(&target))
    };
    nodes
        .into_iter()
        .filter(stays)
        .map(|mut node| {
            node.children = prune(node.children, there);
            node
        })
        .collect()
}

fn number(nodes: &[Node], place: &mut Vec<u32>, there: &mut Places) {
    for (position, node) in (1_u32..).zip(nodes) {
        place.push(position);
        there.insert(node.old.clone(), place.clone());
        number(&node.children, place, there);
        place.pop();
    }
}

fn rewrite(nodes: &mut [Node], there: &Places) {
    for node in nodes {
        if let Some(new) = node.target().and_then(|target| there.get(&target)) {
            node.item
                .put_u32(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER, new);
        }
        rewrite(&mut node.children, there);
    }
}

fn data_set(node: Node) -> DataSet {
    let mut item = node.item;
    if !node.children.is_empty() {
        let children = node.children.into_iter().map(data_set).collect();
        item.put_items(tags::CONTENT_SEQUENCE, children);
    }
    item
}
