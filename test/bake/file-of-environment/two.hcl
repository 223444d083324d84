target "default" {
  args = { B = "two" }
}
