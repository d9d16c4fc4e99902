"""What Google's APIs share: how they fail, how they write JSON, their headers, and how their URLs name a model."""
