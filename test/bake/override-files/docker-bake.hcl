target "default" {
 tags = ["one"]
 args = { A = "1" }
 labels = { a = "b" }
}
