variable "O" {
  type = optional(string)
  default = "x"
}
target "default" { args = { J = jsonencode(O) } }
