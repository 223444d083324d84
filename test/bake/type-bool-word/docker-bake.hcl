variable "O" {
  type = bool
  default = "t"
}
target "default" { args = { J = jsonencode(O) } }
