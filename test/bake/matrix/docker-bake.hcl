target "app" {
  name = "app-${item.tgt}"
  matrix = { item = [{ tgt = "lint", v = "1.0" }, { tgt = "build", v = "2.0" }] }
  args = { GO_VERSION = item.v }
  target = item.tgt
}
