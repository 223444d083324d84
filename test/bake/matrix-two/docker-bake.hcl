target "app" {
  name = "app-${tgt}-${replace(version, ".", "-")}"
  matrix = {
    tgt = ["foo", "bar"]
    version = ["1.8", "2"]
  }
  args = { TGT = tgt, V = version }
}
