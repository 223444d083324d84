variable "V" { default = "2" }
target "default" { tags = [V] }
group "g" { targets = ["default"] }
