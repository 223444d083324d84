target "default" {
 tags = ["two"]
 args = { B = "2" }
}
