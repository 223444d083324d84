target "default" {
  args = { A = "one" }
}
