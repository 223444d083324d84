target "app" {
  name = "same"
  matrix = { v = ["1", "2"] }
}
