@_exported public import AccessTokens
@_exported public import SparkTypes
