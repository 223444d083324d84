variable "TAG" {
  default = ""
  validation {
    condition = TAG != ""
    error_message = "TAG must be set"
  }
}
target "default" { tags = [TAG] }
