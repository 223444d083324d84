target "default" { ssh = ["default", { id = "k" }, "default"] }
