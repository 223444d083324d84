target "default" {
  args = { bad = convert("many", number) }
}
