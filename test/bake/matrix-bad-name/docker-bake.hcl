target "app" {
  name = "a.${v}"
  matrix = { v = ["1"] }
}
