target "app" {
 platforms = ["linux/amd64"]
 args = { X = "1" }
}
group "default" { targets = ["app", "extra"] }
target "extra" {}
