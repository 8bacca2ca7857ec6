//! Holds the library to its layers: reads the imports of every source file, those of tests left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};

/// The layers, the highest first. A module imports from lower layers alone, and not from others of its own.
const LAYERS: &[&[&str]] = &[
    &["run"],
    &["admin", "backup", "check", "cli", "hash", "moving"],
    &["app"],
    &["monitor", "operator"],
    &["rekey", "descriptors"],
    &["keyfile", "telemetry"],
    &["config"],
    &["xmpp", "http", "outbox", "inbox"],
    &["json"],
    &["service"],
    &["provider"],
    &["section", "channel"],
    &["store"],
    &["model", "dial", "private", "listen"],
    &["notify"],
    &["health"],
    &[
        "language",
        "clock",
        "own_thread",
        "core_dumps",
        "meters",
        "own_socket",
        "signals",
        "version",
    ],
];

/// The same within `xmpp`. Its other files put these together.
const LAYERS_OF_XMPP: &[&[&str]] = &[&["people"], &["connection"], &["protocol"]];

/// A module, as the names of its parents and its own.
type Module = Vec<String>;
/// An import: the importing module, and the imported one.
type Import = (Module, Module);

/// Every source file of the library, by its module.
fn sources() -> BTreeMap<Module, syn::File> {
    let mut found = BTreeMap::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let root = folders[0].clone();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inside = path.strip_prefix(&root).unwrap().with_extension("");
            let mut module: Module = inside.iter().map(|name| name.to_string_lossy().into_owned()).collect();
            module.pop_if(|name| ["mod", "lib"].contains(&name.as_str()));
            let text = std::fs::read_to_string(&path).unwrap();
            found.insert(module, syn::parse_file(&text).unwrap());
        }
    }
    found
}

/// Collects the paths of one file, as they are written.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            branches(&item.tree, &mut Vec::new(), &mut self.0);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0
            .push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }
}

/// Returns true if an item is compiled for tests or fuzzers alone.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    let cfg = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    cfg.filter_map(|cfg| cfg.meta.require_list().ok())
        .any(|list| list.tokens.to_string().contains("test"))
}

fn branches(tree: &syn::UseTree, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match tree {
        syn::UseTree::Path(step) => {
            path.push(step.ident.to_string());
            branches(&step.tree, path, found);
            path.pop();
        }
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| branches(tree, path, found)),
        syn::UseTree::Name(name) => found.push([path.as_slice(), &[name.ident.to_string()]].concat()),
        syn::UseTree::Rename(name) => found.push([path.as_slice(), &[name.ident.to_string()]].concat()),
        syn::UseTree::Glob(_) => found.push(path.clone()),
    }
}

/// The modules that are compiled for tests or fuzzers alone.
fn tests_of(sources: &BTreeMap<Module, syn::File>) -> BTreeSet<Module> {
    let of_one = |(module, file): (&Module, &syn::File)| {
        let items = file.items.iter().filter_map(|item| match item {
            syn::Item::Mod(item) if is_for_tests(&item.attrs) => Some(item.ident.to_string()),
            _ => None,
        });
        items
            .map(|name| [module.as_slice(), &[name]].concat())
            .collect::<Vec<_>>()
    };
    sources.iter().flat_map(of_one).collect()
}

/// Every import of one module by another.
fn imports() -> BTreeSet<Import> {
    let sources = sources();
    let tests = tests_of(&sources);
    let mut imports = BTreeSet::new();
    for (module, file) in &sources {
        if tests.iter().any(|test| module.starts_with(test)) {
            continue;
        }
        let mut paths = Paths::default();
        paths.visit_file(file);
        let resolved = paths.0.iter().filter_map(|path| resolve(path, module, &sources));
        imports.extend(
            resolved
                .filter(|other| other != module)
                .map(|other| (module.clone(), other)),
        );
    }
    imports
}

/// The module that a path of `module` leads into; `None` if it is of another crate, or an item of the module itself.
fn resolve(path: &[String], module: &Module, sources: &BTreeMap<Module, syn::File>) -> Option<Module> {
    let (first, mut rest) = path.split_first()?;
    let mut at = match first.as_str() {
        "crate" => Module::new(),
        "self" => module.clone(),
        "super" => module.split_last()?.1.to_vec(),
        _ => return None,
    };
    while let Some((name, more)) = rest.split_first() {
        match name.as_str() {
            "super" => drop(at.pop()),
            _ if sources.contains_key(&[at.as_slice(), std::slice::from_ref(name)].concat()) => at.push(name.clone()),
            _ => break,
        }
        rest = more;
    }
    (!at.is_empty()).then_some(at)
}

/// The imports that go up or sideways in `layers`, whose modules are those directly in `parent`.
fn breaches(imports: &BTreeSet<Import>, parent: &[&str], layers: &[&[&str]]) -> Vec<String> {
    let layer = |module: &Module| {
        let within = module.iter().zip(parent).all(|(a, b)| a == b) && module.len() > parent.len();
        let name = within.then(|| module[parent.len()].clone())?;
        Some((layers.iter().position(|layer| layer.contains(&name.as_str()))?, name))
    };
    let breach = |(from, to): &Import| match (layer(from)?, layer(to)?) {
        ((_, a), (_, b)) if a == b => None,
        ((high, _), (low, _)) if high < low => None,
        _ => Some(format!("{} imports {}", from.join("::"), to.join("::"))),
    };
    imports.iter().filter_map(breach).collect()
}

#[test]
fn nothing_imports_from_above() {
    let imports = imports();
    assert!(imports.len() > 300, "few imports were found: {}", imports.len());
    assert_eq!(breaches(&imports, &[], LAYERS), [""; 0]);
    assert_eq!(breaches(&imports, &["xmpp"], LAYERS_OF_XMPP), [""; 0]);
}

#[test]
fn every_module_has_a_layer() {
    let sources = sources();
    let tests = tests_of(&sources);
    let named = |module: &&Module| !LAYERS.concat().contains(&module[0].as_str());
    let rest = sources
        .keys()
        .filter(|module| !module.is_empty() && !tests.contains(&module[..1]));
    let rest: BTreeSet<_> = rest.filter(named).map(|module| module[0].as_str()).collect();
    assert_eq!(rest, BTreeSet::from(["main"]));
}

/// A module and its parent may import each other: a folder's `mod.rs` is its table of contents.
#[test]
fn no_siblings_import_each_other_in_a_circle() {
    let mut of = BTreeMap::<Module, BTreeMap<String, BTreeSet<String>>>::new();
    for (from, to) in imports() {
        let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        if let (Some(a), Some(b)) = (from.get(common), to.get(common)) {
            let children = of.entry(from[..common].to_vec()).or_default();
            children.entry(a.clone()).or_default().insert(b.clone());
        }
    }
    for (parent, mut children) in of {
        // Takes away who imports nobody that is left, until there is nobody or a circle.
        loop {
            let left: BTreeSet<String> = children.keys().cloned().collect();
            children.retain(|_, imported| imported.iter().any(|other| left.contains(other)));
            if children.len() == left.len() {
                break;
            }
        }
        assert!(children.is_empty(), "a circle in {}: {children:?}", parent.join("::"));
    }
}
