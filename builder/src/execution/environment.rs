//! The environment of a launched program: the user's, without what makes a program's loader or
//! runtime run somebody else's code, and with the facts of the trial.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The variable with the facts of the trial.
pub(super) const TRIAL_FACTS: &str = "TRYBUY_TRIAL";

/// Variables that go, by the beginning of their name.
///
/// Code running inside the program can copy it, so every variable goes that names a library, an
/// agent or a script to be run there. First those that work on any dynamic program (the loaders
/// of glibc and musl, glibc's tunables and its character set converters), then those of runtimes
/// and toolkits that a program may carry. Settings that only change paths of data stay.
const REMOVED_PREFIXES: [&str; 10] = [
    "LD_",
    "GCONV_",
    "GLIBC_TUNABLES",
    "CORECLR_",        // .NET: profilers, which are native libraries
    "COR_",            // .NET Framework and Mono: the same
    "DOTNET_STARTUP_", // .NET: assemblies to run first
    "PERL5",           // Perl: PERL5OPT, PERL5LIB, PERL5DB
    "PYTHON",          // Python: PYTHONPATH, PYTHONSTARTUP, PYTHONINSPECT, PYTHONHOME
    "RUBY",            // Ruby: RUBYOPT, RUBYLIB
    "TRYBUY_",         // the Builder's own settings and tokens; the trial's facts are added anew
];

/// Variables that go, by their whole name; see [`REMOVED_PREFIXES`].
const REMOVED_NAMES: [&str; 21] = [
    "BASH_ENV",                    // bash: a script to run first
    "ENV",                         // sh: the same
    "GIO_EXTRA_MODULES",           // GLib
    "GIO_MODULE_DIR",              // GLib
    "GST_PLUGIN_PATH",             // GStreamer
    "GTK_MODULES",                 // GTK 2 and 3
    "GTK_PATH",                    // GTK: where modules are looked up
    "JAVA_TOOL_OPTIONS",           // Java: -javaagent, -agentpath
    "JDK_JAVA_OPTIONS",            // Java
    "_JAVA_OPTIONS",               // Java
    "LUA_INIT",                    // Lua: code to run first
    "NODE_OPTIONS",                // Node.js: --require
    "NODE_PATH",                   // Node.js
    "OPENSSL_CONF",                // OpenSSL: a configuration may load engines and providers
    "OPENSSL_ENGINES",             // OpenSSL
    "OPENSSL_MODULES",             // OpenSSL
    "QML2_IMPORT_PATH",            // Qt
    "QT_PLUGIN_PATH",              // Qt
    "QT_QPA_PLATFORM_PLUGIN_PATH", // Qt
    "SSLKEYLOGFILE",               // TLS libraries write the session keys there
    "VK_INSTANCE_LAYERS",          // Vulkan: libraries between program and driver
];

/// `NAME=VALUE` strings for the program.
pub(super) fn for_program(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    trial_facts: &str,
) -> Vec<Vec<u8>> {
    let own = (OsString::from(TRIAL_FACTS), OsString::from(trial_facts));
    variables
        .into_iter()
        .filter(|(name, _)| !is_removed(name))
        .chain([own])
        .map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat())
        .collect()
}

fn is_removed(name: &OsStr) -> bool {
    let name = name.as_bytes();
    REMOVED_PREFIXES.iter().any(|p| name.starts_with(p.as_bytes()))
        || REMOVED_NAMES.iter().any(|n| name == n.as_bytes())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::for_program;

    fn result(name: &str) -> Vec<String> {
        let variables = [(name.into(), "value".into())];
        let strings = for_program(variables, "{}");
        strings.into_iter().map(|s| String::from_utf8(s).unwrap()).collect()
    }

    #[test]
    fn what_injects_code_is_removed() {
        for name in [
            "LD_PRELOAD",
            "LD_AUDIT",
            "LD_LIBRARY_PATH",
            "LD_DEBUG_OUTPUT",
            "GLIBC_TUNABLES",
            "GCONV_PATH",
            "BASH_ENV",
            "PYTHONSTARTUP",
            "NODE_OPTIONS",
            "JAVA_TOOL_OPTIONS",
            "TRYBUY_TOKEN",
            "TRYBUY_TRIAL",
        ] {
            assert_eq!(result(name), ["TRYBUY_TRIAL={}"], "{name}");
        }
    }

    #[test]
    fn everything_else_stays() {
        for name in ["PATH", "HOME", "LANG", "TERM", "XDG_CONFIG_HOME", "LOCPATH", "OLD_LD_PRELOAD"]
        {
            assert_eq!(result(name), [format!("{name}=value").as_str(), "TRYBUY_TRIAL={}"]);
        }
    }
}
