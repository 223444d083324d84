target "app" {
 args = { A = "1" }
 tags = ["t"]
 platforms = ["linux/amd64"]
 output = ["type=docker"]
}
target "app2" { inherits = ["app"] }
