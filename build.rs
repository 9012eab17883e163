//! Sets the linker flags that a Node-API addon needs on each platform.

fn main() {
    napi_build::setup();
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        // Node unloads an addon with the last environment that has loaded it. The threads of handshakes live on.
        Ok("linux") => println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete"),
        // The library would name the folder that it was built in.
        Ok("macos") => println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/librust_net.dylib"),
        _ => {}
    }
}
