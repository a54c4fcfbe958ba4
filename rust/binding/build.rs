//! Tells the crate what it is being built for; see `build_info`.

fn main() {
    for name in ["TARGET", "PROFILE"] {
        println!("cargo::rerun-if-env-changed={name}");
        let value = std::env::var(name).unwrap_or_else(|_| "unknown".to_owned());
        println!("cargo::rustc-env=ZARR_BUILD_{name}={value}");
    }
}
