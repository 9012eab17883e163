//! Sets the linker flags that a Node-API addon needs on each platform.

fn main() {
    napi_build::setup();
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // Node unloads an addon with the last environment that has loaded it. The threads of handshakes live on.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
