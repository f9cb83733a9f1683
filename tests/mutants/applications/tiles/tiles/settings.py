class APISettings:
    name = "tiles"
    schemas = ("public",)
    ttl = 300
