//! Resources: their methods, with all additions of resource types and traits.

use std::collections::{HashMap, HashSet};

use super::scope::{MAX_DEPTH, Reader, Scope};
use super::template::{application, merge, remove, reserved, substitute, unknown, without};
use crate::base::error::{Error, Result};
use crate::base::yaml::{Kind, Node};
use crate::canonical::operation::METHODS;

/// An operation with everything that its resource types and traits add.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// In lower case.
    pub(super) method: String,
    /// From the root, `/users/{userId}`.
    pub(super) path: String,
    /// The method with resource types and traits merged in.
    pub(super) node: Node,
    /// The parameters of the path by their names.
    pub(super) uri_parameters: Vec<(String, Node)>,
    /// Which resource types were applied to the resource.
    pub(super) resource_types: Vec<String>,
    /// Why only its method and path are known: an unknown trait or resource type, a
    /// missing argument.
    pub(super) problem: Option<Error>,
}

impl Reader {
    /// Adds the operations of a resource and of those below it.
    pub(super) fn resource(
        &mut self,
        scope: &Scope,
        path: &str,
        node: &Node,
        outer: &[(String, Node)],
        depth: usize,
        operations: &mut Vec<Operation>,
    ) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(node.error("resources nested deeper than 64 levels"));
        }
        let node = self.include(node)?;
        let mut resource = node.clone();
        let mut applied = Vec::new();
        let parameters = reserved(path, "");
        // The traits of a method, then of the resource, then those that its resource types add, the
        // nearest first; each with the scope that its name is looked up in.
        let mut traits = vec![(scope.clone(), resource.clone())];
        // The nearest resource type first: existing values are preserved.
        let mut next = resource.get("type").cloned();
        let mut from = scope.clone();
        let mut problem = None;
        remove(&mut resource, "type");
        while let Some(reference) = next.take() {
            if reference.is_null() {
                break;
            }
            let filled = self.resource_type(&reference, &from, &parameters, &mut applied);
            let (mut filled, own) = match filled {
                Ok(filled) => filled,
                Err(error) => {
                    problem = Some(error);
                    break;
                }
            };
            if let Some(own) = own {
                from = own;
            }
            next = filled.get("type").cloned();
            remove(&mut filled, "type");
            remove(&mut filled, "uses");
            traits.push((from.clone(), filled.clone()));
            merge(&mut resource, &filled);
        }
        let mut uri = outer.to_vec();
        for (name, parameter) in resource
            .get("uriParameters")
            .map(Node::entries)
            .unwrap_or_default()
        {
            uri.retain(|(known, _)| known != name);
            uri.push((name.clone(), parameter.clone()));
        }
        for (key, method) in resource.entries() {
            let name = key.strip_suffix('?').unwrap_or(key);
            if !METHODS.contains(&name) || key.ends_with('?') {
                continue;
            }
            let read = match &problem {
                Some(problem) => Err(problem.clone()),
                None => self.method(method, name, path, &traits),
            };
            let (node, problem) = match read {
                Ok(node) => (node, None),
                Err(problem) => (
                    Node {
                        kind: Kind::Mapping(Vec::new()),
                        ..method.clone()
                    },
                    Some(problem),
                ),
            };
            let twice = operations
                .iter_mut()
                .find(|known| known.method == name && known.path == path);
            if let Some(known) = twice {
                // Which of both is meant is not known.
                known.problem =
                    Some(method.error(format!("`{name}` of {path} is described twice")));
                continue;
            }
            operations.push(Operation {
                method: name.to_owned(),
                path: path.to_owned(),
                node,
                uri_parameters: uri.clone(),
                resource_types: applied.clone(),
                problem,
            });
        }
        for (key, inner) in resource.entries() {
            if key.starts_with('/') {
                self.resource(
                    scope,
                    &format!("{path}{key}"),
                    inner,
                    &uri,
                    depth + 1,
                    operations,
                )?;
            }
        }
        Ok(())
    }

    /// A resource type with its parameters put in, and the scope that its own names are looked up
    /// in, where that is another.
    fn resource_type(
        &mut self,
        reference: &Node,
        from: &Scope,
        parameters: &HashMap<String, Node>,
        applied: &mut Vec<String>,
    ) -> Result<(Node, Option<Scope>)> {
        let (name, mut given) = application(reference)?;
        let declared = from.resource_types.get(&name).cloned().ok_or_else(|| {
            unknown(
                reference,
                "resource type",
                &name,
                from.resource_types.keys(),
            )
        })?;
        if applied.contains(&name) {
            return Err(reference.error(format!("the resource type `{name}` leads back to itself")));
        }
        applied.push(name.clone());
        given.extend(parameters.clone());
        let filled = substitute(
            &declared.node,
            &given,
            &format!("resource type `{name}`"),
            reference,
        )?;
        Ok((filled, declared.scope.map(|scope| *scope)))
    }

    /// A method with its traits: its own and those of its resource, as the resource and each of its
    /// types name them.
    fn method(
        &mut self,
        method: &Node,
        name: &str,
        path: &str,
        traits: &[(Scope, Node)],
    ) -> Result<Node> {
        let mut node = self.include(method)?;
        if node.is_null() {
            node.kind = Kind::Mapping(Vec::new());
        }
        if !matches!(node.kind, Kind::Mapping(_)) {
            return Err(node.error(format!(
                "expected a mapping under `{name}`, found {}",
                node.what()
            )));
        }
        let optional = format!("{name}?");
        let mut seen = HashSet::new();
        for (scope, level) in traits {
            let own = level.get(name).or_else(|| level.get(&optional));
            let lists = [own.and_then(|own| own.get("is")), level.get("is")];
            for list in lists.into_iter().flatten() {
                let list = without(list, &mut seen);
                self.traits(scope, &list, path, name, &mut node, 0)?;
            }
        }
        Ok(node)
    }

    fn traits(
        &mut self,
        scope: &Scope,
        list: &Node,
        path: &str,
        method: &str,
        target: &mut Node,
        depth: usize,
    ) -> Result<()> {
        if depth > 16 {
            return Err(list.error("traits lead back to themselves"));
        }
        let single = std::slice::from_ref(list);
        let references = if matches!(list.kind, Kind::Sequence(_)) {
            list.elements()
        } else {
            single
        };
        for reference in references {
            if reference.is_null() {
                continue;
            }
            let (name, mut given) = application(reference)?;
            let declared = scope
                .traits
                .get(&name)
                .cloned()
                .ok_or_else(|| unknown(reference, "trait", &name, scope.traits.keys()))?;
            given.extend(reserved(path, method));
            let mut filled = substitute(
                &declared.node,
                &given,
                &format!("trait `{name}`"),
                reference,
            )?;
            let inner = filled.get("is").cloned();
            remove(&mut filled, "is");
            remove(&mut filled, "uses");
            merge(target, &filled);
            if let Some(inner) = inner {
                let own = declared.scope.as_deref().unwrap_or(scope).clone();
                self.traits(&own, &inner, path, method, target, depth + 1)?;
            }
        }
        Ok(())
    }
}
